"""An evaluation as a step: its units are chunks of the samples, and what comes of them is a score."""

from collections.abc import Sequence

import numpy as np

from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.data.parts import EVALUATED, Part
from shared.data.sampler import Step
from shared.nn.evaluation import CHUNK, Samples, score_of
from shared.nn.parameters import Parameters
from shared.nn.score import ScoreSum
from shared.parallel.work import Sum
from shared.types import Vector

_NOTHING: Vector = np.empty(0)


class Evaluation:
    """How good weights are for some samples; `shared.parallel.work.Work` tells what each method is for.

    Chunks are the same however they are cut into requests, so that all arithmetics give the same scores.
    """

    evaluates = True
    divisible = True

    def __init__(self, config: TrainConfig, samples: Samples) -> None:
        self._mlp, self._samples = config.mlp(), samples
        self.n_samples = len(samples)

    def bounds(self, n_samples: int) -> Sequence[int]:
        return [*range(0, n_samples, CHUNK), n_samples]

    def block(self, weights: Parameters, step: Step, first: int, stop: int) -> Sum:
        """Return the score; there is no vector to be summed."""
        bounds, score = self.bounds(len(step.rows)), ScoreSum()
        for chunk in range(first, stop):
            score.add(score_of(self._mlp, weights, self._samples, step.rows[bounds[chunk] : bounds[chunk + 1]]))
        return Sum(_NOTHING, score.total)


def evaluations_of(config: TrainConfig, data: Dataset) -> dict[Part, Evaluation]:
    """Return the evaluations of an epoch."""
    return {part: Evaluation(config, data.part(part)) for part in EVALUATED}
