"""What happened in a run and when, as a file keeps it: a line of JSON for each event."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.accounting import EpochCounts
from shared.errors import RunError
from shared.regular_files import read_regular

# Kinds of events. Those of workers and of the queue are what log records of the coordinator name as their `event`.
BEGINS, TALLY, EPOCH, STOPS = "begins", "tally", "epoch", "stops"
JOINS, LEAVES, SILENT, PAUSES, EXCLUDED = "joins", "leaves", "silent", "pauses", "excluded"
BACK, COMPARED = "back", "compared"  # to where an excluded worker first took part; what came of computing it again
RETRIES, REJECTED, RESTARTED, TROUBLE, RECOVERED = "retries", "rejected", "restarted", "trouble", "recovered"

_LARGEST = 2**30  # bytes of a file of events
_LATEST = 1e11  # seconds since 1970: after that there is no date
_MOST_NAMES = 32  # workers that one tally names
OTHERS = "others"  # who computed what the workers that are not named did


@dataclass(frozen=True)
class Event:
    """One event.  What its kind does not need is empty."""

    time: float  # seconds since 1970, by the coordinator's clock
    kind: str
    worker: str = ""
    text: str = ""  # for people, as in the log
    epoch: int | None = None
    step: int | None = None  # of the epoch, from 0: the next one
    count: int = 0  # of requests that were sent again
    seconds: float = 0.0  # that a worker pauses
    samples: Mapping[str, int] = field(default_factory=dict)  # trained on since the tally before, by worker

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes: the fields that are not empty."""
        named = {"time": round(self.time, 3), "event": self.kind}
        details = {name: value for name, value in vars(self).items() if name not in ("time", "kind")}
        return named | {name: value for name, value in details.items() if value != getattr(_EMPTY, name)}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Event":
        """Rebuild an event.  Raises KeyError, TypeError or ValueError for anything else."""
        time, epoch, step = float(fields["time"]), fields.get("epoch"), fields.get("step")
        seconds = float(fields.get("seconds", 0.0))
        samples = {str(name): int(count) for name, count in fields.get("samples", {}).items()}
        if not (0 <= time < _LATEST and 0 <= seconds < _LATEST and all(count > 0 for count in samples.values())):
            raise ValueError("no time, or no counts")
        if not all(each is None or type(each) is int for each in (epoch, step)):
            raise ValueError("no place in a run")
        return cls(
            *(time, str(fields["event"]), str(fields.get("worker", "")), str(fields.get("text", "")), epoch, step),
            count=int(fields.get("count", 0)),
            seconds=seconds,
            samples=samples,
        )


_EMPTY = Event(0.0, "")


def samples_since(before: Mapping[str, int], counts: EpochCounts) -> dict[str, int]:
    """Return how many samples each worker has trained on since then, of the many at most those with the most.

    before: samples by worker, at an earlier moment of the epoch.
    """
    all_of_them = {name: each.samples - before.get(name, 0) for name, each in counts.workers.items()}
    found = sorted(((name, count) for name, count in all_of_them.items() if count > 0), key=lambda item: -item[1])
    rest = sum(count for _, count in found[_MOST_NAMES:])
    return dict(found[:_MOST_NAMES]) | ({OTHERS: rest} if rest else {})


def read_events(path: Path) -> list[Event]:
    """Return a run's events in the order in which they happened; none if they were not kept.

    Lines that are no events, as a crash may leave one, are skipped.  Raises RunError if the file cannot be read.
    """
    try:
        lines = read_regular(path, _LARGEST).decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror or error}") from None
    found = []
    for line in lines:
        try:
            found.append(Event.from_json(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
            continue
    return found
