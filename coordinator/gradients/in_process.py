"""The gradient without a queue: computed in this process."""

from coordinator.accounting import COORDINATOR, EpochCounts, WorkerCounts
from coordinator.gradients.base import StepResult
from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import Samples
from shared.nn.parameters import Parameters
from shared.parallel.strategy import strategy_of


class InProcessGradients:
    """Gradients by the same strategy as with workers."""

    n_workers = 0
    excluded = ()

    def __init__(self, config: TrainConfig, samples: Samples) -> None:
        self._strategy = strategy_of(config, samples)

    def gradient(self, parameters: Parameters, step: Step) -> StepResult:
        strategy = self._strategy
        n_units = len(strategy.bounds(len(step.rows))) - 1
        total, score = strategy.block(strategy.broadcast(parameters), step, 0, n_units)
        counts = EpochCounts(1, 0, {COORDINATOR: WorkerCounts(answered=1, samples=score.samples)})
        return StepResult(total, score.samples, counts)

    def close(self) -> None:
        """There is nothing to leave."""
