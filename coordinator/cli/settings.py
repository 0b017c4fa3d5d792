"""Where the options of a command come from: the command line, a file of settings, a recipe; in this order."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from coordinator.cli.kinds import OPTION_NAMES
from coordinator.cli.settings_files import Settings, Values, read_settings
from coordinator.recipes.catalogue import recipe
from shared.data.dataset import Dataset
from shared.optim.optimizers import OPTIMIZERS
from shared.optim.schedules import SCHEDULES

# Options that decide which samples there are, with the path and the seed.
READING = ("target", "ignore", "task", "test", "validation", "stratify", "impute", "scale", "image_size")
_DIGESTS = f"{__name__}.digests"


class Configurable(click.Command):
    """A command with the options --recipe and --config, whose files stand for options that are not given."""

    def invoke(self, ctx: click.Context) -> Any:
        """Put what the files say in the place of options that were not given, and run the command."""
        name, path = ctx.params.pop("recipe"), ctx.params.pop("config_file")
        below = Settings({}) if name is None else read_settings(recipe(name).path, self)
        file = Settings({}) if path is None else read_settings(path, self)
        given: Values = {param: str(value) for param, value in ctx.params.items() if _is_given(ctx, param)}
        values = overlay(overlay(below.values, file.values), given)
        for param in self.params:
            if param.name in values and param.name not in given and values[param.name] is not None:
                ctx.params[param.name] = param.process_value(ctx, values[param.name])
                ctx.set_parameter_source(param.name, ParameterSource.DEFAULT_MAP)
        ctx.meta[_DIGESTS] = {} if given.keys() & {"data", "train_samples", "seed", *READING} else file.digests
        return super().invoke(ctx)


def check_digests(ctx: click.Context, path: Path, data: Dataset) -> None:
    """Raise UsageError if the command is to train a run again, and these are other samples.  path: where they are."""
    for name, digest in ctx.meta.get(_DIGESTS, {}).items():
        part = name.removesuffix("_sha256")
        if getattr(data, part).sha256 != digest:
            raise click.UsageError(f"{path} has other {part} samples than the run had; give --data to train on them")


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
            return {"redis_address", "broker_address"}
        case "redis_address":
            return {"workers"}
        case "arithmetic":
            return {"dtype", "shards"} if below.get("arithmetic") not in (None, text) else set()
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


def _is_given(ctx: click.Context, param: str) -> bool:
    return ctx.get_parameter_source(param) in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
