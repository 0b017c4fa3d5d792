"""How the peers did."""

import statistics
from dataclasses import dataclass, field

from benchmarks.peers.process import PeerError


@dataclass
class Result:
    """How a peer did in a job."""

    status: str = "ok"  # or skipped, crashed
    why: str = ""
    milliseconds: dict[int, float] = field(default_factory=dict)  # a step, by round
    memory: dict[str, int] = field(default_factory=dict)  # peak bytes of each process

    def out(self, out: PeerError) -> None:
        self.status, self.why = out.status, out.why

    @property
    def times(self) -> list[float]:
        """The milliseconds of a step in all rounds."""
        return list(self.milliseconds.values())

    def ratio(self, reference: "Result | None") -> float | None:
        """Return the median of this one's time by the reference's, round by round."""
        if reference is None:
            return None
        rounds = self.milliseconds.keys() & reference.milliseconds.keys()
        ratios = [self.milliseconds[number] / reference.milliseconds[number] for number in rounds]
        return statistics.median(ratios) if ratios else None

    def megabytes(self) -> dict[str, float]:
        """Return the memory of all processes of each role."""
        sums: dict[str, float] = {}
        for name, peak in self.memory.items():
            role = name.split()[0]
            sums[role] = sums.get(role, 0) + peak / 1e6
        return sums


Results = dict[str, dict[str, Result]]
