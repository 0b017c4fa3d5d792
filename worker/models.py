"""Models that a worker has used lately, ready to answer."""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from shared.model import Model
from shared.nn.arithmetic import quiet
from shared.nn.mlp import MLP, Layers
from shared.nn.prediction import Answers, answers_to
from shared.transport.models import from_bytes
from shared.types import Array

_MOST = 4  # that are kept; the least recently used goes first


class Ready(NamedTuple):
    """A model with its formulas, and the weights as these take them."""

    model: Model
    mlp: MLP
    layers: Layers

    def answers(self, inputs: Array) -> Answers:
        """Return the answers to inputs, (n_samples, n_inputs); of none there are none."""
        with quiet():
            found = list(answers_to(self.mlp, self.layers, inputs))
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
        while len(_ready) > _MOST:
            _ready.popitem(last=False)
    _ready.move_to_end(sha256)
    return _ready[sha256]
