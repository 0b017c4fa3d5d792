"""What the training loop knows of where gradients come from."""

from typing import NamedTuple, Protocol

from shared.accounting import EpochCounts
from shared.data.sampler import Step
from shared.nn.parameters import Parameters
from shared.nn.score import Score
from shared.types import Vector


class StepResult(NamedTuple):
    """What came of a step's computation. Nothing of it is part of the run until `TrainingState.apply` takes it."""

    total: Vector  # the sum of all units, flat like the parameters; valid until the next step is computed
    score: Score  # of the step's samples, as the replies tell it
    counts: EpochCounts  # what was requested and who answered, also of earlier steps' late replies
    excluded: tuple[str, ...] = ()  # workers that get no more work in this run, from now on
    liars: tuple[str, ...] = ()  # those whose numbers an audit found wrong: such a step is not to be taken


class GradientSource(Protocol):
    """Computes steps: this process (`in_process`), or whatever workers there are (`remote`)."""

    redis_url: str | None  # where the workers are; None: there are none

    @property
    def n_workers(self) -> int:
        """How many workers take part now."""
        ...

    @property
    def excluded(self) -> tuple[str, ...]:
        """The workers that get no more work in this run."""
        ...

    @property
    def leases_wanted(self) -> int:
        """How many workers would be given a lease now: those that take part, and some that could as well."""
        ...

    def gradient(self, parameters: Parameters, step: Step) -> StepResult:
        """Return the sum of the step's units, see `shared.parallel.strategy`."""
        ...

    def evaluate(self, parameters: Parameters, step: Step) -> StepResult:
        """Return the score of weights for the samples of a step that is an evaluation; its sum is empty."""
        ...

    def close(self) -> None:
        """Leave nothing behind."""
        ...


class RunGradients(GradientSource, Protocol):
    """Those of a whole run, which may go back to an earlier state."""

    def begin_again(self) -> None:
        """Use nothing any more of what was asked for so far."""
        ...
