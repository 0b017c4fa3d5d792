"""A sweep from its file's content, or from where it was left, to its end: for the command line and for Python."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from coordinator.api.sweeps import run_sweep
from coordinator.api.trial_options import TrialOptions
from coordinator.session import RunOptions
from coordinator.sweeps.catalogue import method_of
from coordinator.sweeps.definition import Definition
from coordinator.sweeps.folder import DEFINITION, SweepFolder
from shared.data.dataset import find_dataset
from shared.errors import ConfigError, SettingsError

LARGEST_FILE = 2**26  # bytes of a sweep's TOML


def begin(content: bytes, source: Path, asked: dict[str, Any], runs: Path, options: RunOptions) -> SweepFolder:
    """Drive the sweep of a TOML to its end, and return it.

    source: the file, for people.  asked: what is to hold instead of what the TOML says of the search; None: nothing.
    runs: folder for the sweep's.  Raises GradMQError.
    """
    try:
        definition = Definition.parse(content, str(source))
    except ConfigError as error:
        raise SettingsError(f"{source}: {error.text(error.field)}") from None
    trial_options = _trial_options(definition, source, asked)
    data = find_dataset(trial_options.data)
    options.check_queue()
    sweep = SweepFolder.create(runs, trial_options.definition, content)
    run_sweep(sweep, trial_options.prepared, options, data, trial_options.options_of)
    return sweep


def go_on(sweep: SweepFolder, asked: dict[str, Any], options: RunOptions) -> None:
    """Drive a sweep that has begun to its end.  asked: as of `begin`.  Raises GradMQError."""
    if other := [name for name, value in asked.items() if value is not None and name != "trials"]:
        raise SettingsError(f"--{other[0]} cannot change in a sweep that has begun; begin another")
    trial_options = _trial_options(sweep.definition, sweep.folder / DEFINITION, asked)
    sweep.definition = trial_options.definition
    data = find_dataset(trial_options.data)
    options.check_queue()
    run_sweep(sweep, trial_options.prepared, options, data, trial_options.options_of)


def _trial_options(definition: Definition, source: Path, asked: dict[str, Any]) -> TrialOptions:
    given = {name: value for name, value in asked.items() if value is not None}
    try:
        definition = definition.with_search(replace(definition.search, **given))
        method_of(definition.search.method, definition.space, definition.search.seed)
        _ = definition.n_trials
    except ConfigError as error:
        raise SettingsError(f"{source}: {error.text(error.field)}") from None
    return TrialOptions(definition, source)
