"""Options of where a training's other options come from, and whether it goes on with a run that has them."""

from pathlib import Path

import click

from coordinator.cli.names import RecipeName
from coordinator.cli.option import SETTINGS, group, in_section

_option = in_section(SETTINGS)

settings_options = group(
    _option(
        "--recipe",
        metavar="NAME",
        type=RecipeName(),
        help="Settings that come with GradMQ: `gradmq recipes` lists them.",
    ),
    _option(
        *("--config", "config_file"),
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Settings of your own, a TOML of options by their names; or a run's config.json, to train it again.",
    ),
    _option(
        *("--resume", "resumes"),
        is_flag=True,
        help="Go on with the newest run of these settings, if there is one: a command that is restarted then goes on.",
    ),
)
