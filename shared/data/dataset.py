"""A data set: training, validation and test samples that fit each other."""

import math
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from shared.data.blocks import blocks
from shared.data.encoded_samples import EncodedSamples, encoded_samples
from shared.data.encoding import IDENTITY, Encoding
from shared.data.folds import Fold
from shared.data.found import Found, image_size
from shared.data.options import PLAIN, DataOptions
from shared.data.parts import Part
from shared.data.samples import KnownSamples, LabelledSamples, VectorSamples
from shared.data.sources import SOURCES, read
from shared.errors import DataError
from shared.types import Array, Vector

DEFAULT_DATA = Path("data/mnist")
_MOST_CLASSES = 10_000  # a label above this is a damaged file, not a class
_KINDS = [source.what for source in SOURCES.values()]
WANTED = f"{', '.join(_KINDS[:-1])} or {_KINDS[-1]}"


@dataclass(frozen=True)
class Dataset:
    """Samples to learn from, to choose options by, and to test on."""

    training: KnownSamples
    validation: KnownSamples
    test: KnownSamples
    image_size: tuple[int, int] | None = None  # height and width, where the inputs are an image's pixels, row by row
    encoding: Encoding = IDENTITY  # by which they were made of what they were before
    options: DataOptions = PLAIN  # that they were read with

    @classmethod
    def of(
        cls,
        found: Found,
        options: DataOptions = PLAIN,
        seed: int = 0,
        encoding: Encoding | None = None,
        n_classes: int = 0,
    ) -> "Dataset":
        """Return what was found, divided and encoded; the parameters are those of `load_dataset`.  Raises DataError."""
        if found.is_encoded:
            encoded = _checked(found, encoding, n_classes)
        else:
            encoded = encoded_samples(found, options, seed, encoding=encoding, n_classes=n_classes)
        if isinstance(encoded.training, LabelledSamples) and encoded.training.n_classes < 2:
            raise DataError(
                f"{found.source or 'the data'} has samples of one class alone, and there is nothing to learn; give two"
            )
        return cls(*encoded, options=options).folded(options.fold, seed)

    def first(self, n_samples: int) -> "Dataset":
        """Return the data set with only its first so many training samples, if there are so many; 0: with all."""
        if not 0 < n_samples < len(self.training):
            return self
        return replace(self, training=self.training.first(n_samples))

    def folded(self, fold: Fold | None, seed: int) -> "Dataset":
        """Return the data set with a fold of its training samples for validation, and without it for training.

        Raises ConfigError if there are not so many samples.
        """
        if fold is None:
            return self
        classes = self.training.labels if isinstance(self.training, LabelledSamples) else None
        training, validation = (self.training.take(rows) for rows in fold.rows(len(self.training), seed, classes))
        options = replace(self.options, fold=fold)
        return replace(self, training=training, validation=replace(validation, weights=None), options=options)

    def weighted(self, weights: Vector | None) -> "Dataset":
        """Return the data set with weights of its training samples.  Raises DataError for others than one each."""
        if weights is None:
            return self
        if len(weights) != len(self.training):
            raise DataError(
                f"there are {len(weights)} weights for {len(self.training)} training samples; give one each"
            )
        return replace(self, training=replace(self.training, weights=weights))

    def part(self, part: Part) -> KnownSamples:
        """Return the samples of a part."""
        return (self.training, self.validation, self.test)[part]

    def labelled(self, part: Part) -> LabelledSamples:
        """Return the samples of a part.  Raises DataError if they have no classes."""
        samples = self.part(part)
        if not isinstance(samples, LabelledSamples):
            raise DataError("these samples have targets, and no classes; give a data set with one class a sample")
        return samples

    @property
    def has_classes(self) -> bool:
        """Whether each sample has a class; otherwise its outputs have targets."""
        return isinstance(self.training, LabelledSamples)

    def check_inputs(self, arithmetic: str, output: str = "sigmoid") -> None:
        """Raise DataError for inputs, or wanted outputs, that an arithmetic or an output function cannot take."""
        for part in Part:
            self.part(part).check_inputs(arithmetic, output)


def load_dataset(
    path: Path, options: DataOptions = PLAIN, seed: int = 0, encoding: Encoding | None = None, n_classes: int = 0
) -> Dataset:
    """Read a data set from whichever of `SOURCES` it is.

    seed: by which samples are divided, where the data does not say what they are for.
    encoding, n_classes: of a model that the samples are for, whose outputs stand for so many classes, if they do; None
    and 0: an encoding is made of the training samples, for the classes that occur.  Raises DataError.
    """
    try:
        return Dataset.of(find_samples(path, options), options, seed, encoding, n_classes)
    except MemoryError:
        raise DataError(
            f"{path} does not fit into memory; give a smaller data set, or a folder of .npy files"
        ) from None


def find_samples(path: Path, options: DataOptions = PLAIN) -> Found:
    """Return what is at a path, neither divided nor encoded if it is not yet.  Raises DataError."""
    path = find_dataset(path)
    found = read(path, options)
    return replace(found, test=found.training) if options.is_for_test and found.test is None else found


def load_test(path: Path, options: DataOptions, encoding: Encoding, n_classes: int) -> Dataset:
    """Read a data set to test a model on: all of its samples, if it does not say which are for that.

    options: as `DataOptions.for_test`.  encoding: the model's.  n_classes: its outputs, if they stand for classes.
    Raises DataError.
    """
    return load_dataset(path, options, encoding=encoding, n_classes=n_classes)


def _checked(found: Found, encoding: Encoding | None, n_classes: int) -> EncodedSamples:
    """Return samples that are as a network takes them, and whose classes are numbers.

    The number of classes is the highest training label plus one, if neither the encoding nor a model has more.
    """
    path = found.source
    if encoding is not None and found.encoding is not None and encoding != found.encoding:
        raise DataError(f"{path} was encoded for another model; give what it was converted from")
    if encoding is not None and found.encoding is None and encoding.columns:
        raise DataError(
            f"{path} has no columns, and the model needs {', '.join(encoding.input_names[:6])}; give a table"
        )
    kept = found.encoding or encoding or IDENTITY
    nothing = tuple(each[:0] for each in found.training)
    pairs = [pair or nothing for pair in (found.training, found.validation, found.test)]
    flat = [(images.reshape(len(images), math.prod(images.shape[1:])), y) for images, y in pairs]
    if len(pairs[0][1]) == 0 or (found.test is not None and len(found.test[1]) == 0):
        raise DataError(f"{path} has no training or no test samples; give some of both")
    size = found.image_size or kept.image_size or (None if kept.columns else image_size(pairs[0][0]))
    if kept.targets:
        vectors = [VectorSamples(*pair) for pair in flat]
        return EncodedSamples(vectors[0], vectors[1], vectors[2], size, kept)
    n_classes = len(kept.classes) or max(n_classes, int(pairs[0][1].max()) + 1)
    for part, (images, labels) in zip(Part, flat, strict=True):
        _check(path, str(part), images, labels, flat[0][0].shape[1], n_classes)
    labelled = [LabelledSamples(*pair, n_classes) for pair in flat]
    return EncodedSamples(labelled[0], labelled[1], labelled[2], size, kept)


def find_dataset(path: Path) -> Path:
    """Return the path, or for the default folder, where the current one has none, the project's own copy.

    Raises DataError if there is nothing.
    """
    if path == DEFAULT_DATA and not os.path.isdir(path):  # a current folder that we may not enter has none
        here = Path(__file__).parents[1]
        for copy in (here / "mnist", here.parent / DEFAULT_DATA):
            if copy.is_dir():
                return copy
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{path} cannot be read: {reason}; give {WANTED}") from None
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise DataError(f"{path} is neither a folder nor a file; give {WANTED}")
    return path


def _check(path: str, name: str, images: Array, labels: Array, n_inputs: int, n_classes: int) -> None:
    if images.shape[1] != n_inputs:
        raise DataError(
            f"{path}: {name} images have {images.shape[1]} inputs, training images {n_inputs}; give as many"
        )
    if len(labels) == 0:
        return
    if labels.min() < 0 or n_classes > _MOST_CLASSES:
        raise DataError(f"{path}: {name} labels run from {labels.min()} to {labels.max()}; they should count from 0")
    if labels.max() >= n_classes:
        raise DataError(
            f"{path}: {name} labels go up to {labels.max()}, classes to {n_classes - 1}; give what the classes are of"
        )
    if images.dtype.kind == "f" and not all(np.isfinite(block).all() for block in blocks(images)):
        raise DataError(f"{path}: {name} images contain values that are not finite; correct them")
