"""What an audit found: that a worker gives wrong numbers, so that nothing it gave can be relied on."""

from shared.accounting import EpochCounts
from shared.training.gradients import StepResult


class LiarsNamedError(Exception):
    """A step's audit named liars.  The step is not taken, and earlier ones may have wrong gradients of theirs."""

    def __init__(self, liars: tuple[str, ...], counts: EpochCounts) -> None:
        """liars: their names.  counts: of the step."""
        super().__init__(", ".join(liars))
        self.liars, self.counts = liars, counts


def check_liars(result: StepResult) -> StepResult:
    """Return what came of a step.  Raises LiarsNamedError if its audit named any."""
    if result.liars:
        raise LiarsNamedError(result.liars, result.counts)
    return result
