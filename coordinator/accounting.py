"""The run's books: what was asked, who answered, and which samples every step was made of."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from shared.errors import LedgerError

COORDINATOR = "coordinator"  # under which name it enters what it computes itself


@dataclass
class Tally:
    """One worker's replies."""

    answered: int = 0  # requests whose first reply this was
    duplicate: int = 0  # replies dropped because the request had been answered
    late: int = 0  # replies dropped because their step, or their life of the coordinator, was over
    rejected: int = 0  # replies that could not be right
    samples: int = 0  # in the answered requests, and so in the weights

    def add(self, other: "Tally") -> None:
        for name in (each.name for each in fields(self)):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class Account:
    """One epoch's books."""

    asked: int = 0  # requests
    asked_again: int = 0  # repetitions of requests that were not answered in time
    workers: dict[str, Tally] = field(default_factory=dict)

    def of(self, worker: str) -> Tally:
        tally = self.workers.get(worker)
        if tally is None:
            tally = self.workers[worker] = Tally()
        return tally

    def add(self, other: "Account") -> None:
        self.asked += other.asked
        self.asked_again += other.asked_again
        for worker, tally in other.workers.items():
            self.of(worker).add(tally)

    @property
    def total(self) -> Tally:
        total = Tally()
        for tally in self.workers.values():
            total.add(tally)
        return total

    @property
    def n_workers(self) -> int:
        """How many workers gave replies that counted."""
        return sum(1 for name, tally in self.workers.items() if tally.answered and name != COORDINATOR)

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
    def from_json(cls, data: dict[str, Any]) -> "Account":
        """Rebuild an account.  Raises TypeError, KeyError or ValueError for data that are none."""
        workers = {str(name): Tally(**_counts(tally)) for name, tally in data["workers"].items()}
        return cls(workers=workers, **_counts({name: data[name] for name in ("asked", "asked_again")}))


class Ledger:
    """The account of the epoch that is being computed. What belongs to a step is entered when the step is taken."""

    def __init__(self, account: Account | None = None) -> None:
        """account: of the epoch so far."""
        self.account = account or Account()
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

    def dropped(self, worker: str, tally: Tally) -> None:
        """Note a reply that changed nothing."""
        self.account.of(worker).add(tally)

    def take_step(self) -> None:
        """Enter the step."""
        self.account.asked += self._asked
        self.account.asked_again += self._asked_again
        for worker, n_samples in self._answers:
            tally = self.account.of(worker)
            tally.answered += 1
            tally.samples += n_samples
        self.asked(0)

    def close(self) -> Account:
        """Return the epoch's account and begin the next one's."""
        account, self.account = self.account, Account()
        return account


def table(accounts: Iterable[Account], most: int = 16) -> str:
    """Return the sum of the accounts as a table for people, a line a worker, of at most so many workers."""
    whole = Account()
    for account in accounts:
        whole.add(account)
    heads = ("asked", "asked again", "answered", "duplicate", "late", "rejected", "samples")
    by_samples = sorted(whole.workers.items(), key=lambda item: (-item[1].samples, item[0]))
    rows = [(name, "", "", *_figures(tally)) for name, tally in by_samples[:most]]
    rest = Tally()
    for _, tally in by_samples[most:]:
        rest.add(tally)
    if len(by_samples) > most:
        rows.append((f"{len(by_samples) - most} others", "", "", *_figures(rest)))
    rows.append(("all", str(whole.asked), str(whole.asked_again), *_figures(whole.total)))
    width = max(len(row[0]) for row in [("worker",), *rows])
    return "\n".join(
        f"{name:<{width}}" + "".join(f"  {cell:>{max(len(head), 8)}}" for head, cell in zip(heads, cells, strict=True))
        for name, *cells in [("worker", *heads), *rows]
    )


def _figures(tally: Tally) -> tuple[str, ...]:
    return tuple(map(str, (tally.answered, tally.duplicate, tally.late, tally.rejected, tally.samples)))


def _counts(data: dict[str, Any]) -> dict[str, int]:
    if not all(type(count) is int and count >= 0 for count in data.values()):
        raise ValueError("an account of something else than counts")
    return data
