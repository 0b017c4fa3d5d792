"""Gradients from workers that can begin again: what was asked of them before is used no more."""

from collections.abc import Callable, Sequence

from coordinator.gradients.remote import RemoteGradients
from shared.data.sampler import Step
from shared.nn.parameters import Parameters
from shared.training.gradients import StepResult


class Incarnations:
    """The gradients of a run's latest incarnation in this process; replies to those before are dropped as theirs."""

    def __init__(self, begin: Callable[[Sequence[str]], RemoteGradients], excluded: Sequence[str]) -> None:
        """begin: begins an incarnation in which those who are named get no work.  excluded: who gets none now."""
        self._begin = begin
        self._latest = begin(excluded)
        self.redis_url = self._latest.redis_url

    @property
    def n_workers(self) -> int:
        return self._latest.n_workers

    @property
    def excluded(self) -> tuple[str, ...]:
        return self._latest.excluded

    @property
    def leases_wanted(self) -> int:
        return self._latest.leases_wanted

    def gradient(self, parameters: Parameters, step: Step) -> StepResult:
        return self._latest.gradient(parameters, step)

    def evaluate(self, parameters: Parameters, step: Step) -> StepResult:
        return self._latest.evaluate(parameters, step)

    def begin_again(self) -> None:
        before = self._latest
        before.close()
        self._latest = self._begin(before.excluded)

    def close(self) -> None:
        self._latest.close()
