"""From samples as they were found to samples as a network takes them: divided, and encoded."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from shared.data.dividing import Divided, divide
from shared.data.encoding import Encoding
from shared.data.found import Found
from shared.data.options import DataOptions
from shared.data.parts import Part
from shared.data.sample_weights import scaled
from shared.data.samples import KnownSamples, LabelledSamples, VectorSamples
from shared.errors import DataError
from shared.types import Vector


class EncodedSamples(NamedTuple):
    """Samples of the three parts, and what they were encoded by."""

    training: KnownSamples
    validation: KnownSamples
    test: KnownSamples
    image_size: tuple[int, int] | None
    encoding: Encoding


def encoded_samples(
    found: Found,
    options: DataOptions,
    seed: int = 0,
    *,
    encoding: Encoding | None = None,
    classes: Sequence[Any] | None = None,
    n_classes: int = 0,
    weights: Vector | None = None,
) -> EncodedSamples:
    """Divide and encode samples.

    seed: of the division.
    encoding: of a model, instead of one that is made of the training samples.
    classes: the names of all, in their order, if some of them may not occur.
    n_classes: how many a model knows; 0: those that occur.
    weights: (n_samples,) of those to be divided; only those that become training samples keep theirs.

    Raises DataError for samples that do not fit together, or cannot be encoded.
    """
    divided = divide(found, options, seed, encoding, classes, n_classes)
    own = None if weights is None else scaled(weights[divided.parts[Part.TRAINING].rows])
    training = _samples(divided, Part.TRAINING, own)
    others = [_samples(divided, part) for part in (Part.VALIDATION, Part.TEST)]
    for samples in others:
        if samples.n_inputs != training.n_inputs:
            where = found.source or "the data"
            raise DataError(
                f"{where}: samples have {samples.n_inputs} inputs, training samples {training.n_inputs}; give as many"
            )
    return EncodedSamples(training, others[0], others[1], divided.image_size, divided.encoding)


def _samples(divided: Divided, part: Part, weights: Vector | None = None) -> KnownSamples:
    samples, encoding = divided.parts[part], divided.encoding
    inputs, labels = samples.encoded(encoding), samples.labels(encoding, divided.n_classes)
    if encoding.targets:
        return VectorSamples(inputs, labels, weights, samples.locations)
    return LabelledSamples(inputs, labels, divided.n_classes, weights, samples.locations)
