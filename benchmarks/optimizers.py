"""What an optimizer's step costs beside plain SGD's, with 1.3 million weights, in cache-sized blocks and in one.

The update is what becomes of a summed gradient. A step is all that the coordinator does in exact arithmetic with
the sum of a mini-batch: the update, and rounding the weights for the next. All take turns in one process and thread,
and what counts is their CPU time, so that others on the machine change little; only the ratios are worth quoting.
Before each, memory of the size of a cache is written, as workers' replies are in a run.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.cli import Parser
from benchmarks.harness import synchronous
from benchmarks.jobs import NOTEBOOKS
from benchmarks.tables import figure, table
from benchmarks.turns import in_turn, ratio
from shared.config import TrainConfig
from shared.nn.arithmetic import one_thread
from shared.nn.parameters import Parameters
from shared.optim.optimizers import OPTIMIZERS, SGD
from shared.optim.penalties import Penalties
from shared.optim.update import BLOCK, Update

SIZES = (784, 1000, 500, 10)  # 1.3 million weights
COUNT = 200  # samples
PLAIN = "sgd"
AROUND: dict[str, dict[str, Any]] = {  # plain SGD with one thing more
    "sgd, --l2": {"penalties": Penalties(l2=1e-4)},
    "sgd, --l1": {"penalties": Penalties(l1=1e-6)},
    "sgd, --clip-norm": {"clip_norm": 1.0},
    "sgd, --max-norm": {"max_norm": 3.0},
    "sgd, --ema": {"ema": 0.99},
}
CACHE = np.zeros(2**22)  # 32 MB


class Measured:
    """An update with its weights, its state and a gradient."""

    def __init__(self, config: TrainConfig, update: Update) -> None:
        self._update, self._mlp = update, config.mlp()
        self._parameters = config.initial_parameters()
        self._state = update.initial_state(self._parameters.flat)
        self._gradient = np.random.default_rng(0).standard_normal(len(self._parameters.flat))
        self._total = np.empty_like(self._gradient)

    def milliseconds(self, whole_step: bool) -> float:
        """Take a step; return the CPU time of its update, or of all of it."""
        self._total[:] = self._gradient
        CACHE[:] += 1
        start = time.thread_time()
        self._update(self._parameters, self._state, self._total, COUNT, 1e-3)
        if whole_step:
            self._mlp.rounded(self._parameters)
        return (time.thread_time() - start) * 1000


def main() -> None:
    parser = Parser("benchmarks.optimizers", __doc__)
    parser.amount("--rounds", 40, 2, "how often each has its turn")
    parser.amount("--block", BLOCK, BLOCK, "bytes of the weights that are changed at a time")
    options = parser.parse()

    config = synchronous(NOTEBOOKS)
    config = TrainConfig(sizes=SIZES, epochs=1, mini_batch_size=COUNT, learning_rate=0.1, strategy=config.strategy)
    updates: dict[str, Callable[..., Update]] = {
        name: partial(Update, kind(), SIZES, config.dtype) for name, kind in OPTIMIZERS.items()
    }
    updates |= {name: partial(Update, SGD(), SIZES, config.dtype, **extra) for name, extra in AROUND.items()}
    whole = Parameters.count(SIZES) * 8
    measures: dict[str, Callable[[], float]] = {}
    for name, update in updates.items():
        blocks, one = Measured(config, update(block=options.block)), Measured(config, update(block=whole))
        measures[name] = partial(blocks.milliseconds, False)
        measures[f"{name} whole"] = partial(one.milliseconds, False)
        measures[f"{name} step"] = partial(blocks.milliseconds, True)
    with one_thread():
        in_turn(1, measures)  # touches all memory
        columns = in_turn(options.rounds, measures)

    def cells(name: str) -> list[str]:
        found = []
        for key, reference in ((name, PLAIN), (f"{name} whole", f"{PLAIN} whole"), (f"{name} step", f"{PLAIN} step")):
            times = columns[key]
            found += [figure(statistics.median(times)), f"{ratio(times, columns[reference]):.2f}"]
        return found

    head = ("ms, 1.3 million weights", "update", "× sgd", "in one block", "× sgd", "whole step", "× sgd")
    print(table(head, ([name, *cells(name)] for name in updates)))


if __name__ == "__main__":
    main()
