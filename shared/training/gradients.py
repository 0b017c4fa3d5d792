"""What is known of where gradients come from: by the training loop, by who watches a run, by who puts it together."""

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

    @property
    def n_workers(self) -> int:
        """How many workers take part now."""
        ...

    @property
    def excluded(self) -> tuple[str, ...]:
        """The workers that get no more work in this run."""
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


class WatchedSource(GradientSource, Protocol):
    """One that tells also where its workers are, and how many it could do with."""

    redis_url: str | None  # where the workers are; None: there are none

    @property
    def leases_wanted(self) -> int:
        """How many workers would be given a lease now: those that take part, and some that could as well."""
        ...


class RunGradients(WatchedSource, Protocol):
    """Those of a whole run, which may go back to an earlier state."""

    def begin_again(self) -> None:
        """Use nothing any more of what was asked for so far."""
        ...
