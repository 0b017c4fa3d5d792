"""`gradmq sweep`: many runs that differ in some options, and which is the best."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from coordinator.api.sweeps import check_queue, run_sweep
from coordinator.cli import options
from coordinator.cli.trial_options import TrialOptions
from coordinator.reporting.log_handlers import start_logging
from coordinator.session import RunOptions
from coordinator.sweeps.catalogue import METHODS, method_of
from coordinator.sweeps.definition import Definition
from coordinator.sweeps.folder import DEFINITION, SweepFolder, is_sweep
from shared import logs
from shared.data.dataset import find_dataset
from shared.errors import ConfigError


@click.command("sweep", short_help="Train many times with other options, and tell which are best.")
@click.argument("file", metavar="[FILE.toml]", type=click.Path(path_type=Path), required=False)
@click.option("--resume", "resumed", metavar="SWEEP", help="Go on with a sweep: its folder, or its id.")
@click.option("--method", type=click.Choice(METHODS), help="How values are searched.  [default: the file's, or random]")
@click.option(
    "--trials", type=int, help="How many there are to be in the end.  [default: the file's, or 20, or a grid]"
)
@click.option("--seed", type=int, help="Of what is drawn.  [default: the file's, or 0]")
@click.option("--workers", type=int, help="Local workers; default: one a core. 0: in this process, without a queue.")
@options.redis_option
@options.broker_option
@options.runs_option
@click.option("--quiet", "-q", is_flag=True, help="Tell nothing but the result, and what goes wrong.")
@click.option("--verbose", "-v", is_flag=True, help="Tell more.")
@options.log_format_option
@click.pass_context
def sweep_command(
    ctx: click.Context, /, file: Path | None, resumed: str | None, runs: Path, log_format: str, **given: Any
) -> None:
    """Train many times with other options, and tell which are best.

    FILE.toml has options of `train` by their names, a table [search] of those that vary, and a table [sweep] of how:

    \b
        epochs = 10
        [search]
        learning-rate = {low = 0.1, high = 10.0, log = true}
        hidden = [[30], [100], [100, 50]]
        [sweep]
        method = "random"
        trials = 20

    Each trial is a whole run, computed by one worker, to the bits of `gradmq train` with the same options.
    """
    logs.set_log_format(log_format)
    start_logging(options.to_level(given))
    run_options = _run_options(ctx, given)
    sweep, trial_options = _sweep(file, resumed, runs, given)
    data = find_dataset(trial_options.data)
    check_queue(run_options)
    if sweep is None:
        assert file is not None
        sweep = SweepFolder.create(runs, trial_options.definition, file.read_bytes())
    run_sweep(sweep, trial_options.prepared, run_options, data, trial_options.options_of)


def _sweep(
    file: Path | None, resumed: str | None, runs: Path, given: dict[str, Any]
) -> tuple[SweepFolder | None, TrialOptions]:
    """Return the sweep to go on with, or None for a new one; and what its trials are computed of.

    Raises UsageError.
    """
    if file is not None and resumed is None and is_sweep(file):
        file, resumed = None, str(file)
    if (file is None) == (resumed is None):
        raise click.UsageError("give a sweep's file, or --resume with a sweep that there is")
    sweep = None if resumed is None else SweepFolder.open(resumed, runs)
    source = file if sweep is None else sweep.folder / DEFINITION
    assert source is not None
    try:
        definition = _read(source) if sweep is None else sweep.definition
        asked = {name: value for name in ("method", "trials", "seed") if (value := given[name]) is not None}
        if sweep is not None and (other := [name for name in asked if name != "trials"]):
            raise click.UsageError(f"--{other[0]} cannot change in a sweep that has begun; begin another")
        definition = definition.with_search(replace(definition.search, **asked))
        method_of(definition.search.method, definition.space, definition.search.seed)
        _ = definition.n_trials
    except ConfigError as error:
        raise click.UsageError(f"{source}: {error.text(error.field)}") from None
    if sweep is not None:
        sweep.definition = definition
    return sweep, TrialOptions(definition, source)


def _read(file: Path) -> Definition:
    try:
        return Definition.parse(file.read_bytes(), str(file))
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}; give a TOML") from None


def _run_options(ctx: click.Context, given: dict[str, Any]) -> RunOptions:
    """Return who computes.  Raises ConfigError or UsageError."""
    workers, redis, broker = (given[name] for name in ("workers", "redis_address", "broker_address"))
    if workers is not None and redis is not None:
        if ctx.get_parameter_source("redis_address") is not click.core.ParameterSource.ENVIRONMENT:
            raise click.UsageError("--workers starts a Redis of its own and --redis uses another: give one of them")
        redis = None  # the command line is more particular than the environment
    if redis is None and broker is not None:
        if ctx.get_parameter_source("broker_address") is not click.core.ParameterSource.ENVIRONMENT:
            raise click.UsageError("--broker goes with --redis; the embedded cluster has a broker of its own")
        broker = None
    return RunOptions(workers=workers, redis=redis, broker=broker)
