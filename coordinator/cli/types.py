"""Kinds of values that options take."""

from typing import Any

import click

from coordinator.options.readers import READERS
from shared.errors import ConfigError


class Read(click.ParamType[Any]):
    """Values of an option of a training, which files of sweeps have too."""

    def __init__(self, option: str, name: str) -> None:
        """option: its name among `READERS`.  name: of such values, for the help."""
        self._read, self.name = READERS[option], name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._read(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)
        except ConfigError as error:  # which is to name the option that it was given by
            raise ConfigError(getattr(param, "name", error.field), error.value, error.rule, error.hint) from None


class Epochs(click.ParamType[tuple[int, int]]):
    """Epochs as 3..7, both included, or 3 alone."""

    name = "epochs"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        first, dots, last = value.partition("..")
        try:
            found = int(first), int(last if dots else first)
        except ValueError:
            self.fail(f"{value!r} is no range of epochs; give two numbers like 0..4", param, ctx)
        if not 0 <= found[0] <= found[1]:
            self.fail(f"{value!r} is no range of epochs; give two numbers, the smaller first, like 0..4", param, ctx)
        return found
