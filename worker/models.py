"""Models that a worker has used lately, ready to answer."""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from shared.data.samples import check_range
from shared.errors import DataError
from shared.model import SavedModel
from shared.nn.arithmetic import quiet
from shared.nn.mlp import MLP, Layers
from shared.nn.prediction import Answers, answers_to
from shared.transport.models import from_bytes
from shared.types import Array

_MOST = 4  # that are kept; the least recently used goes first
_MOST_BYTES = 2**30  # of their weights together, unless one alone has more


class Ready(NamedTuple):
    """A model with its formulas, and the weights as these take them."""

    model: SavedModel
    mlp: MLP
    layers: Layers

    @property
    def nbytes(self) -> int:
        """How much memory its weights take: as they are, and as passes take them."""
        return 2 * self.model.parameters.flat.nbytes

    @property
    def width(self) -> int:
        """Neurons of its widest layer, or its inputs, if these are more."""
        return max(self.mlp.sizes)

    def check(self, inputs: Array) -> None:
        """Raise DataError unless these are inputs of the model: (n_samples, n_inputs), in its range."""
        if inputs.shape[1] != self.mlp.sizes[0]:
            raise DataError(f"samples have {inputs.shape[1]} inputs where {self.mlp.sizes[0]} are expected")
        if inputs.dtype != np.uint8:
            check_range("inputs", inputs, -1, self.model.arithmetic)

    def answers(self, inputs: Array) -> Answers:
        """Return the answers to inputs, (n_samples, n_inputs); of none there are none."""
        with quiet():
            # Formulas of its own: they keep memory for every number of samples that they have seen.
            found = list(answers_to(self.model.mlp(), self.layers, inputs))
        if not found:
            return Answers(np.empty(0, np.int64), np.empty((0, self.mlp.sizes[-1]), self.mlp.dtype))
        return Answers(
            np.concatenate([each.labels for each in found]), np.concatenate([each.outputs for each in found])
        )


_ready: OrderedDict[str, Ready] = OrderedDict()


def ready(sha256: str, content: Callable[[], bytes | None]) -> Ready | None:
    """Return the model of that digest; None if it is not to be had.  content: returns that of its file."""
    if sha256 not in _ready:
        found = content()
        model = None if found is None else from_bytes(found, sha256)
        if model is None:
            return None
        mlp = model.mlp()
        _ready[sha256] = Ready(model, mlp, mlp.rounded(model.parameters))
        while len(_ready) > 1 and (len(_ready) > _MOST or sum(each.nbytes for each in _ready.values()) > _MOST_BYTES):
            _ready.popitem(last=False)
    _ready.move_to_end(sha256)
    return _ready[sha256]
