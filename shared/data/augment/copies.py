"""Deformed copies of samples that a trained network is to judge: several opinions are better than one."""

from collections.abc import Callable, Iterator

from shared.data.augment.deformation import Deformer
from shared.data.samples import LabelledSamples
from shared.nn.inputs import InputFormat
from shared.types import Array, Rows

_SEED = 0  # copies are the same for every model


def with_copies(
    samples: LabelledSamples, deformer: Deformer, n_copies: int, form: InputFormat
) -> Callable[[Rows], Iterator[Array]]:
    """Return what gives the inputs of consecutive samples as they are, and then deformed in so many ways.

    Each time it is an array (n_inputs, len(rows)). Copy number k of a sample is what epoch k would see at its place.
    Raises DataError for samples that cannot be deformed.
    """

    def versions(rows: Rows) -> Iterator[Array]:
        yield samples.inputs(rows, form)
        images, first = samples.images.take(rows, axis=0), int(rows[0])
        for copy in range(n_copies):
            yield form.convert(deformer.apply(images, _SEED, copy, first)).T

    return versions
