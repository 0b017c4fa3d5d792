"""What came of recomputing a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from coordinator.runs.verify import Comparison


@dataclass(frozen=True)
class Verification:
    """The comparisons of a run with what it computes again; true if all were identical."""

    comparisons: Sequence[Comparison]

    @property
    def differences(self) -> list[Comparison]:
        """What was not identical."""
        return [comparison for comparison in self.comparisons if comparison.difference]

    def __bool__(self) -> bool:
        return not self.differences

    def __repr__(self) -> str:
        for epoch, what, difference in self.differences:
            return f"epoch {epoch}: {what}: {difference}"
        return f"all {len(self.comparisons)} comparisons are identical, to the last bit"
