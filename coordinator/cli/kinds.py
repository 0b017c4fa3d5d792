"""Options of what is chosen by its kind, optimizers and schedules: each goes with some kinds, and only with them."""

from collections.abc import Callable, Mapping
from dataclasses import Field, fields
from typing import Any, TypeVar

import click

from shared.errors import ConfigError
from shared.optim.optimizers import OPTIMIZERS, Optimizer
from shared.optim.schedules import SCHEDULES, Schedule

_T = TypeVar("_T")
_Decorator = Callable[[Any], Any]

# Fields whose names say too little on a command line.
OPTION_NAMES = {"decay": "schedule_factor", "every": "schedule_every", "limit": "schedule_limit"}
_WHAT = {
    "momentum": "How much of the direction so far is kept in a step.",
    "rho": "How much of the mean square so far is kept in a step.",
    "beta1": "How much of the mean gradient so far is kept in a step.",
    "beta2": "How much of the mean square so far is kept in a step.",
    "epsilon": "Added to the root of the mean square, by which is divided.",
    "weight_decay": "Share of each weight that a step takes off, times the learning rate.",
    "warm_up": "Steps in which the learning rate grows to its full size; below 1: their share of the run's.",
    "every": "Epochs from one change of the learning rate to the next.",
    "decay": "What the learning rate is multiplied by.",
    "patience": "Epochs without anything better, after which the learning rate is reduced.",
    "limit": "Factor of the learning rate at which the run ends.",
}


def kind_options(name: str, kinds: Mapping[str, type[Any]], default: str, what: str) -> list[_Decorator]:
    """Return the option that chooses a kind, and one for each field of any kind.

    name: of the field of `TrainConfig`.
    """
    choice = click.option(f"--{name}", type=click.Choice(list(kinds)), default=default, show_default=True, help=what)
    return [choice, *(_option(field, kinds) for field in _fields(kinds).values())]


def _option(field: "Field[Any]", kinds: Mapping[str, type[Any]]) -> _Decorator:
    defaults = {name: each.default for name, kind in kinds.items() for each in fields(kind) if each.name == field.name}
    if len(defaults) == len(kinds):
        shown = f"{field.default:g}"
    else:
        shown = ", ".join(f"{name} {default:g}" for name, default in defaults.items())
    text = f"{_WHAT.get(field.name, '')}  [default: {shown}]".strip()
    return click.option(_flag(field.name), _parameter(field.name), type=field.type, help=text)


def to_optimizer(given: dict[str, Any]) -> Optimizer:
    """Take the optimizer's options from what was given, and return what they stand for.

    Raises ConfigError, or UsageError for options of another optimizer.
    """
    return _to_kind(given, "optimizer", OPTIMIZERS)


def to_schedule(given: dict[str, Any]) -> Schedule:
    """Take the schedule's options from what was given, and return what they stand for.

    Raises ConfigError, or UsageError for options of another schedule.
    """
    return _to_kind(given, "schedule", SCHEDULES)


def _to_kind(given: dict[str, Any], name: str, kinds: Mapping[str, type[_T]]) -> _T:
    chosen = given.pop(name)
    options = {field: given.pop(_parameter(field)) for field in _fields(kinds)}
    options = {field: value for field, value in options.items() if value is not None}
    for field in options:
        able = [kind for kind in kinds if field in _fields({kind: kinds[kind]})]
        if chosen not in able:
            raise click.UsageError(f"{_flag(field)} goes with --{name} {' or '.join(able)}, not with {chosen}")
    try:
        return kinds[chosen](**options)
    except ConfigError as error:  # by the name that it has here
        raise ConfigError(_parameter(error.field), error.value, error.rule, error.hint) from None


def _fields(kinds: Mapping[str, type[Any]]) -> "dict[str, Field[Any]]":
    """Return the fields of all these kinds, by name."""
    return {field.name: field for kind in kinds.values() for field in fields(kind)}


def _parameter(field: str) -> str:
    return OPTION_NAMES.get(field, field)


def _flag(field: str) -> str:
    return "--" + _parameter(field).replace("_", "-")
