"""Options of what is chosen by its kind, optimizers and schedules: each goes with some kinds, and only with them."""

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any, TypeVar

from shared.errors import ConfigError
from shared.optim.optimizers import OPTIMIZERS, Optimizer
from shared.optim.schedules import SCHEDULES, Schedule

_T = TypeVar("_T")

# Fields whose names say too little among all options.
OPTION_NAMES = {"decay": "schedule_factor", "every": "schedule_every", "limit": "schedule_limit"}


def to_optimizer(given: dict[str, Any]) -> Optimizer:
    """Take the optimizer's options from what was given, and return what they stand for.

    Raises ConfigError, also for options of another optimizer.
    """
    return _to_kind(given, "optimizer", OPTIMIZERS)


def to_schedule(given: dict[str, Any]) -> Schedule:
    """Take the schedule's options from what was given, and return what they stand for.

    Raises ConfigError, also for options of another schedule.
    """
    return _to_kind(given, "schedule", SCHEDULES)


def _to_kind(given: dict[str, Any], name: str, kinds: Mapping[str, type[_T]]) -> _T:
    chosen = given.pop(name)
    options = {field: given.pop(option_name(field), None) for field in fields_of(kinds)}
    options = {field: value for field, value in options.items() if value is not None}
    if chosen not in kinds:
        raise ConfigError(name, chosen, f"must be one of {', '.join(kinds)}")
    for field, value in options.items():
        able = [kind for kind in kinds if field in fields_of({kind: kinds[kind]})]
        if chosen not in able:
            rule = f"goes with --{name} {' or '.join(able)}, not with {chosen}"
            raise ConfigError(option_name(field), value, rule)
    try:
        return kinds[chosen](**options)
    except ConfigError as error:  # by the name that it has here
        raise ConfigError(option_name(error.field), error.value, error.rule, error.hint) from None


def fields_of(kinds: Mapping[str, type[Any]]) -> "dict[str, Field[Any]]":
    """Return the fields of all these kinds, by name."""
    return {field.name: field for kind in kinds.values() for field in fields(kind)}


def option_name(field: str) -> str:
    """Return the name that a kind's field has as an option."""
    return OPTION_NAMES.get(field, field)
