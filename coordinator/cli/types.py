"""Kinds of values that options take."""

from pathlib import Path
from typing import Any

import click

from shared.data.augment.options import Augmentation
from shared.data.folds import Fold
from shared.errors import ConfigError


class Sizes(click.ParamType[tuple[int, ...]]):
    """Layers as 784,30,10."""

    name = "sizes"

    def __init__(self, example: str = "for MNIST, give 784,30,10") -> None:
        """example: what to give instead of what is no list."""
        self._example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        try:
            return value if isinstance(value, tuple) else tuple(int(size) for size in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is no list of layer sizes; {self._example}", param, ctx)


class Numbers(click.ParamType[tuple[float, ...]]):
    """Numbers as 0.13,0.31: so many, or if nobody says how many, any."""

    name = "numbers"

    def __init__(self, example: str, count: int | None = None, word: str = "") -> None:
        """example: what to give instead of what is no such list.  word: what may be given too, and stays as it is."""
        self._example, self._count, self._word = example, count, word

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple) or (self._word and value == self._word):
            return value
        try:
            found = tuple(float(number) for number in value.split(","))
        except ValueError:
            found = ()
        if not found or len(found) != (self._count or len(found)):
            self.fail(
                f"{value!r} is no list of {f'{self._count} ' if self._count else ''}numbers; {self._example}",
                param,
                ctx,
            )
        return found


class FoldOf(click.ParamType[Fold]):
    """A fold as 2/5."""

    name = "fold"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fold:
        return value if isinstance(value, Fold) else Fold.parse(value)


class Names(click.ParamType[tuple[str, ...]]):
    """Names as height,width."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        found = tuple(name.strip() for name in value.split(","))
        if "" in found:
            self.fail(f"{value!r} is no list of names; give one or more, with commas", param, ctx)
        return found


class ShareOrPath(click.ParamType[float | Path]):
    """A share as 0.2, or else a file."""

    name = "share or path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | Path:
        try:
            return value if isinstance(value, Path) else float(value)
        except ValueError:
            return Path(value)


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


class Deformations(click.ParamType[Augmentation]):
    """Deformations as elastic=3.6,rotate=9,shift: a name alone has its default strength."""

    name = "deformations"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Augmentation:
        try:
            return value if isinstance(value, Augmentation) else Augmentation.parse(value)
        except ConfigError as error:  # which is to name the option that it was given by
            raise ConfigError(getattr(param, "name", error.field), error.value, error.rule, error.hint) from None
