"""The command line's options of what is chosen by its kind: optimizers and schedules."""

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any

import click

from coordinator.cli.option import OPTIMIZER, Decorator, in_section
from coordinator.options.kinds import fields_of, option_name

_option = in_section(OPTIMIZER)

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


def kind_options(
    name: str, kinds: Mapping[str, type[Any]], default: str, what: str, for_tables: str = ""
) -> list[Decorator]:
    """Return the option that chooses a kind, and one for each field of any kind.

    name: of the field of `TrainConfig`.  for_tables: its default for them, if it is another.
    """
    choice = _option(f"--{name}", type=click.Choice(list(kinds)), default=default, for_tables=for_tables, help=what)
    return [choice, *(_field_option(field, kinds) for field in fields_of(kinds).values())]


def _field_option(field: "Field[Any]", kinds: Mapping[str, type[Any]]) -> Decorator:
    defaults = {name: each.default for name, kind in kinds.items() for each in fields(kind) if each.name == field.name}
    if len(defaults) == len(kinds):
        shown = f"{field.default:g}"
    else:
        shown = ", ".join(f"{name} {default:g}" for name, default in defaults.items())
    text = f"{_WHAT.get(field.name, '')}  [default: {shown}]".strip()
    return _option(_flag(field.name), option_name(field.name), type=field.type, help=text)


def _flag(field: str) -> str:
    return "--" + option_name(field).replace("_", "-")
