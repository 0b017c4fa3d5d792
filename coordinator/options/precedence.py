"""Which options hold where several places name some: those above, and of those below what goes with them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from coordinator.options.kinds import OPTION_NAMES
from shared.optim.optimizers import OPTIMIZERS
from shared.optim.schedules import SCHEDULES

# By the option's name in Python: what would stand on the command line, or None for what is said not to be given.
Values = dict[str, str | None]

_OF_WORKERS = {"batches_per_task", "audit", "audit_by", "flower_port"}


def overlay(below: Values, above: Values) -> Values:
    """Return the values of both; where they do not go together, those above hold and those below are left out."""
    left = dict(below)
    for name, text in above.items():
        for other in _replaced_by(name, text, below):
            left.pop(other, None)
    return {**left, **above}


def _replaced_by(name: str, text: str | None, below: Values) -> set[str]:
    """Return the options that have no meaning any more beside this one."""
    match name:
        case "sizes":
            return {"hidden"}
        case "hidden":
            return {"sizes"}
        case "workers":
            return {"redis_address", "broker_address", *(_OF_WORKERS if text == "0" else ())}
        case "redis_address":
            return {"workers", "flower_port"}
        case "arithmetic":
            return {"dtype", "shards"} if below.get("arithmetic") not in (None, text) else set()
        case "quiet":
            return {"verbose"}
        case "verbose":
            return {"quiet"}
        case "shards":
            return {"local_steps", "replicas", "outer_momentum"}
        case "local_steps":
            return {"replicas", "outer_momentum"} if text == "0" else {"shards"}
        case "optimizer":
            return _of_others(text, OPTIMIZERS)
        case "schedule":
            return _of_others(text, SCHEDULES)
        case _:
            return set()


def _of_others(chosen: str | None, kinds: Mapping[str, type[Any]]) -> set[str]:
    """Return the options that go with other kinds, and not with this one."""
    own = {kind: {OPTION_NAMES.get(field.name, field.name) for field in fields(kinds[kind])} for kind in kinds}
    return set().union(*own.values()) - own.get(chosen or "", set())
