"""With what a run is computed, as `gradmq.train` and `Run.resume` take it: nothing of it changes a bit."""

from collections.abc import MutableMapping
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, TypedDict

from coordinator.reporting.watching import Watching
from coordinator.session import RunOptions
from shared.errors import ConfigError


class RunKeywords(TypedDict, total=False):
    """The options by their names; see `RunOptions`.

    workers: local processes on an embedded cluster, which end with the run; None: one a core; 0: none, in this process.
    redis: instead, the address of a Redis where workers are.  broker: Celery's, if it is not that Redis.
    batches_per_task, audit, audit_by, flower_port: as on the command line.  watching: with what else the run is to be
    watched, like `gradmq.Watching(tensorboard="events", csv="epochs.csv", metrics_port=9464)`.
    """

    workers: int | None
    redis: str | None
    broker: str | None
    batches_per_task: int | None
    audit: float
    audit_by: str
    flower_port: int | None
    watching: Watching | None


_KINDS: dict[str, tuple[type, str]] = {
    **dict.fromkeys(("workers", "batches_per_task", "flower_port"), (Integral, "a whole number")),
    **dict.fromkeys(("redis", "broker"), (str, "an address")),
    "audit": (Real, "a number"),
    "audit_by": (str, "a word"),
    "watching": (Watching, "a gradmq.Watching"),
}


def to_run_options(given: MutableMapping[str, Any]) -> RunOptions:
    """Take these options from what was given, and return what they stand for.  Raises ConfigError."""
    names = [field.name for field in fields(RunOptions) if field.name in given]
    taken = {name: value for name in names if (value := given.pop(name)) is not None}
    for name, value in taken.items():
        kind, what = _KINDS[name]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ConfigError(name, repr(value), f"must be {what}")
    return RunOptions(**taken)
