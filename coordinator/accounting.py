"""The run's books: what was asked, who answered, and which samples every step was made of."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from shared.errors import LedgerError

COORDINATOR = "coordinator"  # under which name it enters what it computes itself


@dataclass
class WorkerCounts:
    """One worker's replies."""

    answered: int = 0  # requests whose first reply this was
    duplicate: int = 0  # replies dropped because the request had been answered
    late: int = 0  # replies dropped because their step, or their life of the coordinator, was over
    rejected: int = 0  # replies that could not be right
    samples: int = 0  # in the answered requests, and so in the weights

    def add(self, other: "WorkerCounts") -> None:
        for name in (each.name for each in fields(self)):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class EpochCounts:
    """One epoch's books."""

    asked: int = 0  # requests
    asked_again: int = 0  # repetitions of requests that were not answered in time
    workers: dict[str, WorkerCounts] = field(default_factory=dict)

    def of(self, worker: str) -> WorkerCounts:
        counts = self.workers.get(worker)
        if counts is None:
            counts = self.workers[worker] = WorkerCounts()
        return counts

    def add(self, other: "EpochCounts") -> None:
        self.asked += other.asked
        self.asked_again += other.asked_again
        for worker, counts in other.workers.items():
            self.of(worker).add(counts)

    @property
    def total(self) -> WorkerCounts:
        total = WorkerCounts()
        for counts in self.workers.values():
            total.add(counts)
        return total

    @property
    def n_workers(self) -> int:
        """How many workers gave replies that counted."""
        return sum(1 for name, counts in self.workers.items() if counts.answered and name != COORDINATOR)

    def check(self, epoch: int, n_samples: int) -> None:
        """Raise LedgerError unless every request was answered once and every sample applied once."""
        total = self.total
        if (total.answered, total.samples) != (self.asked, n_samples):
            raise LedgerError(
                f"the books of epoch {epoch} do not come out: {total.answered} answers to {self.asked} requests, "
                f"{total.samples} of {n_samples} samples applied; this is a defect of GradMQ, please report it"
            )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "EpochCounts":
        """Rebuild counts.  Raises TypeError, KeyError or ValueError for data that are none."""
        workers = {str(name): WorkerCounts(**_counts(counts)) for name, counts in data["workers"].items()}
        return cls(workers=workers, **_counts({name: data[name] for name in ("asked", "asked_again")}))


class Ledger:
    """The counts of the epoch that is being computed. What belongs to a step is entered when the step is taken."""

    def __init__(self, counts: EpochCounts | None = None) -> None:
        """counts: of the epoch so far."""
        self.counts = counts or EpochCounts()
        self._asked = self._asked_again = 0
        self._answers: list[tuple[str, int]] = []

    def asked(self, count: int) -> None:
        """Note how many requests the step that begins has; what was noted of one that was not taken is gone."""
        self._asked, self._asked_again = count, 0
        self._answers.clear()

    def asked_again(self, count: int) -> None:
        self._asked_again += count

    def answered(self, worker: str, n_samples: int) -> None:
        self._answers.append((worker, n_samples))

    def dropped(self, worker: str, counts: WorkerCounts) -> None:
        """Note a reply that changed nothing."""
        self.counts.of(worker).add(counts)

    def take_step(self) -> None:
        """Enter the step."""
        self.counts.asked += self._asked
        self.counts.asked_again += self._asked_again
        for worker, n_samples in self._answers:
            counts = self.counts.of(worker)
            counts.answered += 1
            counts.samples += n_samples
        self.asked(0)

    def close(self) -> EpochCounts:
        """Return the epoch's counts and begin the next one's."""
        counts, self.counts = self.counts, EpochCounts()
        return counts


def table(counts_of_epochs: Iterable[EpochCounts], most: int = 16) -> str:
    """Return the sum of the counts_of_epochs as a table for people, a line a worker, of at most so many workers."""
    whole = EpochCounts()
    for counts in counts_of_epochs:
        whole.add(counts)
    heads = ("asked", "asked again", "answered", "duplicate", "late", "rejected", "samples")
    by_samples = sorted(whole.workers.items(), key=lambda item: (-item[1].samples, item[0]))
    rows = [(name, "", "", *_figures(counts)) for name, counts in by_samples[:most]]
    rest = WorkerCounts()
    for _, others in by_samples[most:]:
        rest.add(others)
    if len(by_samples) > most:
        rows.append((f"{len(by_samples) - most} others", "", "", *_figures(rest)))
    rows.append(("all", str(whole.asked), str(whole.asked_again), *_figures(whole.total)))
    width = max(len(row[0]) for row in [("worker",), *rows])
    return "\n".join(
        f"{name:<{width}}" + "".join(f"  {cell:>{max(len(head), 8)}}" for head, cell in zip(heads, cells, strict=True))
        for name, *cells in [("worker", *heads), *rows]
    )


def _figures(counts: WorkerCounts) -> tuple[str, ...]:
    return tuple(map(str, (counts.answered, counts.duplicate, counts.late, counts.rejected, counts.samples)))


def _counts(data: dict[str, Any]) -> dict[str, int]:
    if not all(type(count) is int and count >= 0 for count in data.values()):
        raise ValueError("counts of something else than counts")
    return data
