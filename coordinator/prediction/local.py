"""Answers that are computed in this process."""

from collections.abc import Iterable, Iterator

from shared.model import SavedModel
from shared.nn.arithmetic import one_thread, quiet
from shared.nn.prediction import Answers, answers_to
from shared.types import Array


def local_answers(model: SavedModel, batches: Iterable[Array]) -> Iterator[Answers]:
    """Yield the answers to batches of inputs, in their order."""
    mlp = model.mlp()
    layers = mlp.rounded(model.parameters)
    for batch in batches:
        with one_thread(), quiet():
            found = list(answers_to(mlp, layers, batch))
        yield from found
