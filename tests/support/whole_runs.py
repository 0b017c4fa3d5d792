"""Small whole runs in this process, with the kernels that it has: `python -m tests.support.whole_runs DATA`.

Prints a JSON object: what NumPy and BLAS use; by the number of threads, for each run, the fingerprint of every epoch,
how many test samples are right, and their cost; and the digests of deformed images. BLAS has as many threads as the
environment gives it, and then one.
"""

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from shared.accounting import COORDINATOR, EpochCounts
from shared.config import TrainConfig
from shared.data.augment.options import Augmentation
from shared.data.dataset import Dataset, load_dataset
from shared.data.sampler import Step
from shared.environment import blas, numpy_simd
from shared.nn.arithmetic import one_thread, quiet
from shared.nn.parameters import Parameters
from shared.nn.score import ScoreSum
from shared.optim.optimizers import Adam, Nesterov
from shared.optim.schedules import CosineDecay
from shared.parallel.evaluation import evaluations_of
from shared.parallel.strategy import strategy_of
from shared.parallel.work import Work
from shared.strategies import LocalSGD, SyncSGD
from shared.training.callbacks import Callback
from shared.training.gradients import GradientSource, StepResult
from shared.training.in_process import InProcessGradients
from shared.training.loop import train
from shared.training.state import TrainingState
from shared.types import Vector
from tests.support.deformations import digests

NOTEBOOK = {"sizes": (196, 12, 10), "mini_batch_size": 10}
DEEP = {"sizes": (196, 60, 40, 10), "mini_batch_size": 33}
WIDE = {"sizes": (196, 300, 10), "mini_batch_size": 500}  # large enough for BLAS to use more threads than one
RELU = {
    **{"sizes": (196, 60, 40, 10), "mini_batch_size": 33, "learning_rate": 0.1, "optimizer": Nesterov()},
    **{"activation": "relu", "output": "softmax", "initializer": "he", "standardize": (0.1307, 0.3081)},
    **{"augment": Augmentation(elastic=2, rotate=9, noise=0.1), "image_shape": (14, 14)},
    **{"dropout": 0.3, "input_dropout": 0.1, "label_smoothing": 0.1, "class_weights": (1, 2, 1, 1, 0.5, 1, 1, 1, 1, 3)},
}
TANH = {
    **{"sizes": (196, 30, 10), "mini_batch_size": 10, "learning_rate": 0.01, "optimizer": Adam()},
    **{"activation": "tanh", "output": "linear", "loss": "huber", "initializer": "glorot"},
    **{"schedule": CosineDecay(warm_up=0.1), "l1": 0.01, "l2": 1.0, "clip_norm": 0.3, "max_norm": 5.0, "ema": 0.9},
}


class Pieces:
    """Gradients of steps that are cut anywhere, and added in any order; another each time that a process runs."""

    n_workers = 0
    excluded = ()

    def __init__(self, config: TrainConfig, data: Dataset) -> None:
        self._workers = [strategy_of(config, data.training) for _ in range(3)]
        self._evaluators = [evaluations_of(config, data) for _ in range(3)]
        self._random = np.random.default_rng()

    def gradient(self, parameters: Parameters, step: Step) -> StepResult:
        return self._compute(self._workers, parameters, step, np.zeros_like(parameters.flat))

    def evaluate(self, parameters: Parameters, step: Step) -> StepResult:
        return self._compute([each[step.part] for each in self._evaluators], parameters, step, np.empty(0))

    def _compute(self, works: Sequence[Work], parameters: Parameters, step: Step, total: Vector) -> StepResult:
        count, score, counts = len(works[0].bounds(len(step.rows))) - 1, ScoreSum(), EpochCounts()
        cuts = {0, count, *self._random.integers(0, count, self._random.integers(0, 7)).tolist()}
        edges = sorted(cuts)
        for piece in self._random.permutation(len(edges) - 1):
            weights = self._workers[piece % 3].broadcast(parameters)
            part = works[piece % 3].block(weights, step, edges[piece], edges[piece + 1])
            total += part.total
            score.add(part.score)
            counts.requests += 1
            counts.answered(COORDINATOR, part.score.samples, works[0].evaluates)
        return StepResult(total, score.total, counts)

    def close(self) -> None:
        pass


class Fingerprints(Callback):
    """What is recorded of a run, that nothing but numbers decides."""

    def __init__(self) -> None:
        self.found: list[tuple[str, int, float]] = []

    def after_epoch(self, state, metrics):
        self.found.append((metrics.weights_sha256, metrics.correct, metrics.cost))


def run(data: Dataset, source: Callable[[TrainConfig, Dataset], GradientSource], **options) -> list:
    strategy = options.pop("strategy", SyncSGD(shards=1 if options.get("arithmetic") == "native" else None))
    config = TrainConfig(**{"epochs": 2, "learning_rate": 3.0, "strategy": strategy, **options})
    heard = Fingerprints()
    with quiet():
        train(config, data, source(config, data), TrainingState.initial(config), heard)
    return heard.found


def all_runs(data: Dataset) -> dict[str, list]:
    """Exact runs by the name of what is computed; native ones of some."""
    found = {}
    jobs = {"notebook": NOTEBOOK, "deep": DEEP, "wide": WIDE, "relu": RELU, "tanh": TANH}
    for name, job in jobs.items():
        found[f"exact {name}"] = run(data, InProcessGradients, **job)
        found[f"exact {name} in pieces"] = run(data, Pieces, **job)
    for name in ("notebook", "deep", "wide"):
        found[f"native {name}"] = run(data, InProcessGradients, arithmetic="native", **jobs[name])
    local = LocalSGD(local_steps=5, replicas=3, outer_momentum=0.5)
    found["exact local"] = run(data, InProcessGradients, strategy=local, **NOTEBOOK)
    return found


def main() -> None:
    data = load_dataset(Path(sys.argv[1]))
    threads = blas().get("num_threads", 1)
    by_threads, deformed = {}, {}
    for count, block in ((threads, nullcontext()), (1, one_thread())):
        with block:
            by_threads[count], deformed[count] = all_runs(data), digests()
    kernels = {"architecture": blas().get("architecture", ""), "simd": numpy_simd()}
    print(json.dumps({**kernels, "runs": by_threads, "deformed": deformed}))


if __name__ == "__main__":
    main()
