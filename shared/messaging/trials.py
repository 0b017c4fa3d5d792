"""Whole runs given to workers: what a Celery task carries of one, and what the worker says of it."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Self, get_type_hints

from shared.config import TrainConfig
from shared.data.folds import Fold
from shared.data.parts import Part
from shared.errors import ConfigError, MessageError, VersionError
from shared.messaging.keys import is_name
from shared.messaging.stamps import stamped, unstamped
from shared.typed import typed

TRIAL_TASK = "gradmq.trial"

# What a worker says of a run.
BEGINS, NEEDS_SAMPLES, EPOCH, ENDED, FAILED, LEFT, REFUSED = (
    *("begins", "needs-samples", "epoch", "ended", "failed", "left", "refused"),
)


@dataclass(frozen=True)
class TrialTask:
    """A run of a trial, to be computed by one worker from its first step to its last."""

    sweep: str  # see `SweepKeys`
    run: str  # its name in the sweep
    attempt: int  # from 1: how often it has been given out
    config: TrainConfig
    samples: tuple[str, ...]  # digests of the data set's parts before it was folded or shortened; "": not needed
    fold: Fold | None
    least: tuple[tuple[int, float], ...]  # epochs, and what the best so far must reach after each; else it is pruned

    def to_json(self) -> dict[str, Any]:
        fields = {
            **asdict(self),
            "config": self.config.to_json(),
            "fold": "" if self.fold is None else str(self.fold),
        }
        return stamped(fields)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Rebuild a task.

        Raises VersionError for one that this GradMQ cannot compute, MessageError for a damaged one.
        """
        fields = unstamped(fields, "a run is not as it was given; it will be given again")
        try:
            for name, kind in _WRITTEN.items():
                typed(kind, fields[name])
            if not all(map(is_name, (fields["sweep"], fields["run"], *filter(None, fields["samples"])))):
                raise MessageError("a run of a sweep has a name that there cannot be; it is dropped")
            fields["config"] = TrainConfig.from_json(fields["config"])
            fields["fold"] = Fold.parse(fields["fold"]) if fields["fold"] else None
            fields["samples"] = tuple(fields["samples"])
            fields["least"] = tuple((int(epoch), float(value)) for epoch, value in fields["least"])
            task = cls(**fields)
        # It is as it was given, so it is not damaged.
        except (ConfigError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise VersionError.unknown_here(error) from None
        if len(task.samples) != len(Part):
            raise VersionError("the run is of other parts of samples; install the same GradMQ on both sides")
        return task


# How the fields are written.
_WRITTEN: dict[str, Any] = {**get_type_hints(TrialTask), "config": dict[str, Any], "fold": str}


@dataclass(frozen=True)
class Notice:
    """What a worker says of a run that it holds."""

    kind: str  # one of those above
    run: str
    attempt: int
    worker: str
    content: dict[str, Any] = field(default_factory=dict)

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, message: bytes) -> Self | None:
        """Return the notice; None for anything else."""
        try:
            return typed(cls, json.loads(message))
        except (ValueError, RecursionError):
            return None
