"""The run's ledger: what was requested, who answered, and which samples every step was made of."""

from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass, field, fields
from typing import Any

from shared.errors import LedgerError
from shared.plain_text import shortened

_LONGEST = 80  # characters of a worker's name in the table
COORDINATOR = "coordinator"  # under which name it enters what it computes itself
UNKNOWN = "unknown"  # under which name it enters what tells nothing of its sender
MOST_EXCLUDED = 100  # workers that a run remembers to give no more work: they are in every lease and checkpoint
_MOST_WORKERS = 1000  # in one ledger; who can take leases can invent workers


@dataclass(slots=True)
class WorkerCounts:
    """One worker's replies."""

    answered: int = 0  # requests whose first reply this was
    duplicate: int = 0  # replies dropped because the request had been answered
    late: int = 0  # replies dropped because their step was over
    rejected: int = 0  # replies that could not be right
    samples: int = 0  # in the answered requests, and so in the weights
    evaluated: int = 0  # in those of evaluations

    def add(self, other: "WorkerCounts") -> None:
        self.answered += other.answered
        self.duplicate += other.duplicate
        self.late += other.late
        self.rejected += other.rejected
        self.samples += other.samples
        self.evaluated += other.evaluated


FIGURES = tuple(each.name for each in fields(WorkerCounts))  # of a worker, in the order of tables


@dataclass(slots=True)
class EpochCounts:
    """The ledger of an epoch, or of a part of one: a step's is entered when the step is taken, or never."""

    requests: int = 0
    retried: int = 0  # repetitions of requests that were not answered in time
    workers: dict[str, WorkerCounts] = field(default_factory=dict)

    def of(self, worker: str) -> WorkerCounts:
        """Return the counts of a worker; when there are very many, what others do is entered under no name."""
        counts = self.workers.get(worker)
        if counts is None:
            if len(self.workers) >= _MOST_WORKERS and worker not in (COORDINATOR, UNKNOWN):
                return self.of(UNKNOWN)
            counts = self.workers[worker] = WorkerCounts()
        return counts

    def answered(self, worker: str, n_samples: int, evaluates: bool = False) -> None:
        """Enter the first reply to a request.  evaluates: its samples were not trained on."""
        counts = self.of(worker)
        counts.answered += 1
        if evaluates:
            counts.evaluated += n_samples
        else:
            counts.samples += n_samples

    def add(self, other: "EpochCounts") -> None:
        self.requests += other.requests
        self.retried += other.retried
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

    def check(self, epoch: int, n_samples: int, n_evaluated: int = 0) -> None:
        """Raise LedgerError unless every request was answered once, and every sample applied or evaluated once."""
        total = self.total
        if (total.answered, total.samples, total.evaluated) != (self.requests, n_samples, n_evaluated):
            raise LedgerError(
                f"the ledger of epoch {epoch} does not come out: {total.answered} answers to {self.requests} requests, "
                f"{total.samples} of {n_samples} samples applied, {total.evaluated} of {n_evaluated} evaluated; "
                "this is a defect of GradMQ, please report it"
            )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "EpochCounts":
        """Rebuild counts, of this version or of 0.1.  Raises TypeError, KeyError or ValueError for others."""
        names = ("asked", "asked_again") if "asked" in data else ("requests", "retried")
        requests, retried = (_count(data[name]) for name in names)
        workers = {
            str(name): WorkerCounts(**{each: _count(count) for each, count in counts.items()})
            for name, counts in data["workers"].items()
        }
        return cls(requests, retried, workers)


def ranked(epochs: Iterable[EpochCounts], most: int) -> tuple[EpochCounts, dict[str, WorkerCounts], EpochCounts]:
    """Return the epochs' sum; its workers, at most so many, those first who did most; and the sum of the others."""
    whole = EpochCounts()
    for counts in epochs:
        whole.add(counts)
    by_samples = sorted(whole.workers.items(), key=lambda item: (-item[1].samples, -item[1].evaluated, item[0]))
    return whole, dict(by_samples[:most]), EpochCounts(workers=dict(by_samples[most:]))


def table(epochs: Iterable[EpochCounts], most: int = 16) -> str:
    """Return the epochs' sum as a table for people, a line a worker, of at most so many workers."""
    whole, first, others = ranked(epochs, most)
    heads = ("requests", "retried", *FIGURES)
    rows = [(shortened(name, _LONGEST), "", "", *_figures(counts)) for name, counts in first.items()]
    if others.workers:
        rows.append((f"{len(others.workers)} others", "", "", *_figures(others.total)))
    rows.append(("all", str(whole.requests), str(whole.retried), *_figures(whole.total)))
    width = max(len(row[0]) for row in [("worker",), *rows])
    return "\n".join(
        f"{name:<{width}}" + "".join(f"  {cell:>{max(len(head), 8)}}" for head, cell in zip(heads, cells, strict=True))
        for name, *cells in [("worker", *heads), *rows]
    )


def _figures(counts: WorkerCounts) -> tuple[str, ...]:
    return tuple(map(str, astuple(counts)))


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("a ledger of something else than counts")
    return value
