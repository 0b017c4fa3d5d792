"""Variables of the environment that somebody has misspelt: to pass over them would be to train something else."""

import difflib
import os
from collections.abc import Iterable

import click

from coordinator.cli.option import Option

_NEAR = 0.8  # of names: from here on one is meant for the other
_OF_KUBERNETES = "tcp://"  # which has variables for its services, by their names


def refuse_misspelt(ctx: click.Context, options: Iterable[Option]) -> None:
    """Raise UsageError for a variable that begins like the command's own and is none, but looks like one."""
    prefix = f"{ctx.auto_envvar_prefix}_"
    meant = {name.lstrip("-").replace("-", "_").upper(): each for each in options for name in each.opts}
    known = {option.variable(ctx) for option in meant.values()}
    for name, value in os.environ.items():
        if not name.startswith(prefix) or name in known or value.startswith(_OF_KUBERNETES):
            continue
        if near := difflib.get_close_matches(name.removeprefix(prefix), meant, 1, _NEAR):
            variable = meant[near[0]].variable(ctx)
            raise click.UsageError(f"{name} is no variable of `{ctx.command_path}`; did you mean {variable}?")
