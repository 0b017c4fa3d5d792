"""Where options come from: the command line, the environment, a file of settings, a recipe; in this order."""

from pathlib import Path

import click
from click.core import ParameterSource

from coordinator.cli.command import Command
from coordinator.cli.settings_files import Settings, read_settings
from coordinator.options.precedence import Values, overlay
from coordinator.options.reading import READING
from coordinator.recipes.catalogue import recipe
from shared.data.dataset import Dataset

_DIGESTS = f"{__name__}.digests"


class Configurable(Command):
    """A command with the options --recipe and --config, whose files stand for options that are not given."""

    def complete(self, ctx: click.Context) -> None:
        """Put what the files say in the place of options that were not given."""
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


def check_digests(ctx: click.Context, path: Path, data: Dataset) -> None:
    """Raise UsageError if the command is to train a run again, and these are other samples.  path: where they are."""
    for name, digest in ctx.meta.get(_DIGESTS, {}).items():
        part = name.removesuffix("_sha256")
        if getattr(data, part).sha256 != digest:
            raise click.UsageError(f"{path} has other {part} samples than the run had; give --data to train on them")


def _is_given(ctx: click.Context, param: str) -> bool:
    return ctx.get_parameter_source(param) in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
