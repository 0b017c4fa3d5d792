"""Gradients and evaluations without a queue: computed in this process."""

from shared.accounting import COORDINATOR, EpochCounts
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.data.sampler import Step
from shared.nn.parameters import Parameters
from shared.parallel.evaluation import evaluations_of
from shared.parallel.strategy import strategy_of
from shared.parallel.work import Work
from shared.training.gradients import StepResult


class InProcessGradients:
    """Gradients by the same strategy as with workers."""

    n_workers = leases_wanted = 0
    redis_url: str | None = None
    excluded = ()

    def __init__(self, config: TrainConfig, data: Dataset) -> None:
        self._strategy, self._evaluations = strategy_of(config, data.training), evaluations_of(config, data)

    def gradient(self, parameters: Parameters, step: Step) -> StepResult:
        return self._compute(self._strategy, parameters, step)

    def evaluate(self, parameters: Parameters, step: Step) -> StepResult:
        return self._compute(self._evaluations[step.part], parameters, step)

    def _compute(self, work: Work, parameters: Parameters, step: Step) -> StepResult:
        n_units = len(work.bounds(len(step.rows))) - 1
        total, score = work.block(self._strategy.broadcast(parameters), step, 0, n_units)
        counts = EpochCounts(requests=1)
        counts.answered(COORDINATOR, score.samples, work.evaluates)
        return StepResult(total, score, counts)

    def begin_again(self) -> None:
        """Nothing is on its way."""

    def close(self) -> None:
        """There is nothing to leave."""
