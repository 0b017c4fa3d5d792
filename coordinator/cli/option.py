"""An option of a command: in which section of the help it is, and which variable of the environment stands for it."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import click

Decorator = Callable[[Any], Any]

# Sections of the help, in the order in which somebody needs them who begins.
SETTINGS, DATA, PARTS, MODEL, LEARNING = "Settings", "Data", "Parts of the data", "Model", "Learning"
OPTIMIZER, REGULARISATION, DIVISION = "Optimizer and learning rate", "Regularisation", "Division of a step"
CLUSTER, OUTPUT = "Cluster", "Output"

_LEFT_OUT = f"{__name__}.left_out"  # where a context keeps variables that are not to be looked at


class Option(click.Option):
    """Shows its default, and has a section and a variable."""

    def __init__(self, *args: Any, section: str = "Options", for_tables: str = "", **kwargs: Any) -> None:
        """section: of the help.  envvar: default: GRADMQ_, the command, the option's first long name.

        for_tables: what the default is for tables, if it is another.
        """
        shown = {"show_default": kwargs.get("default") is not None, "show_envvar": "envvar" in kwargs}
        if for_tables:
            shown["show_default"] = False
            kwargs["help"] += f"  [default: {kwargs.get('default', 'none')}; for tables: {for_tables}]"
        super().__init__(*args, **{**shown, **kwargs})
        self.section = section

    def variable(self, ctx: click.Context) -> str | None:
        """Return the name of its variable; None where the program is not the whole of it, as in some tests."""
        if isinstance(self.envvar, str):
            return self.envvar
        name = next(name for name in self.opts if name.startswith("--"))
        prefix = ctx.auto_envvar_prefix
        return prefix and f"{prefix}_{name.lstrip('-').replace('-', '_').upper()}"

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Return its names; the command says which variable the value is from, if it is from one."""
        return click.Parameter.get_error_hint(self, ctx)

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return what its variable says; None if it is to be left out."""
        name = self.variable(ctx)
        if name is None or name in ctx.meta.get(_LEFT_OUT, ()):
            return None
        return self.read(name)

    def read(self, variable: str) -> str | None:
        """Return what a variable says; None if it is not there, or empty."""
        return os.environ.get(variable) or None


def in_section(title: str) -> Callable[..., Decorator]:
    """Return what makes options as `click.option` does, for that section of the help."""
    return partial(click.option, cls=Option, section=title)


def group(*decorators: Decorator) -> Decorator:
    """Return a decorator that gives a command these options, in this order."""

    def decorate(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def leave_out(ctx: click.Context, variables: set[str]) -> None:
    """Have options not look at these variables."""
    ctx.meta[_LEFT_OUT] = variables
