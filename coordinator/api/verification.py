"""What came of recomputing a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from coordinator.runs.verify import Check


@dataclass(frozen=True)
class Verification:
    """The checks of a run against what it computes again; true if all were identical."""

    checks: Sequence[Check]

    @property
    def differences(self) -> list[Check]:
        """What was not identical."""
        return [check for check in self.checks if check.difference]

    def __bool__(self) -> bool:
        return not self.differences

    def __repr__(self) -> str:
        for epoch, what, difference in self.differences:
            return f"epoch {epoch}: {what}: {difference}"
        return f"all {len(self.checks)} comparisons are identical, to the last bit"
