"""From samples as they were found to samples as a network takes them: divided, and encoded."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from shared.data.encoding import Encoding
from shared.data.options import DataOptions
from shared.data.parts import Part
from shared.data.planning import Found, Plan, plan
from shared.data.samples import KnownSamples, LabelledSamples, VectorSamples
from shared.data.weights import scaled
from shared.errors import DataError
from shared.types import Vector


class Built(NamedTuple):
    """Samples of the three parts, and what they were encoded by."""

    training: KnownSamples
    validation: KnownSamples
    test: KnownSamples
    image_size: tuple[int, int] | None
    encoding: Encoding


def build(
    found: Found,
    options: DataOptions,
    seed: int = 0,
    *,
    encoding: Encoding | None = None,
    classes: Sequence[Any] | None = None,
    n_classes: int = 0,
    weights: Vector | None = None,
) -> Built:
    """Divide and encode samples.

    seed: of the division.
    encoding: of a model, instead of one that is made of the training samples.
    classes: the names of all, in their order, if some of them may not occur.
    n_classes: how many a model knows; 0: those that occur.
    weights: (n_samples,) of those to be divided; only those that become training samples keep theirs.

    Raises DataError for samples that do not fit together, or cannot be encoded.
    """
    planned = plan(found, options, seed, encoding, classes, n_classes)
    own = None if weights is None else scaled(weights[planned.parts[Part.TRAINING].rows])
    training = _samples(planned, Part.TRAINING, own)
    others = [_samples(planned, part) for part in (Part.VALIDATION, Part.TEST)]
    for samples in others:
        if samples.n_inputs != training.n_inputs:
            where = found.source or "the data"
            raise DataError(
                f"{where}: samples have {samples.n_inputs} inputs, training samples {training.n_inputs}; give as many"
            )
    return Built(training, others[0], others[1], planned.image_size, planned.encoding)


def _samples(planned: Plan, part: Part, weights: Vector | None = None) -> KnownSamples:
    samples, encoding = planned.parts[part], planned.encoding
    inputs, labels = samples.encoded(encoding), samples.labels(encoding, planned.n_classes)
    if encoding.targets:
        return VectorSamples(inputs, labels, weights)
    return LabelledSamples(inputs, labels, planned.n_classes, weights)
