"""`gradmq sweep`: many runs that differ in some options, and which is the best."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from coordinator.api.sweeps import check_queue, run_sweep
from coordinator.cli.command import Command
from coordinator.cli.given import to_level
from coordinator.cli.option import CLUSTER, OUTPUT, group, in_section
from coordinator.cli.options.cluster import broker_option, redis_option
from coordinator.cli.options.output import log_format_option, runs_option
from coordinator.cli.trial_options import TrialOptions
from coordinator.reporting.log_handlers import start_logging
from coordinator.session import RunOptions
from coordinator.sweeps.catalogue import METHODS, method_of
from coordinator.sweeps.definition import Definition
from coordinator.sweeps.folder import DEFINITION, SweepFolder, is_sweep
from shared import logs
from shared.data.dataset import find_dataset
from shared.errors import ConfigError
from shared.regular_files import read_regular

_LARGEST = 2**26  # bytes of a sweep's file

_search, _cluster, _output = in_section("Search"), in_section(CLUSTER), in_section(OUTPUT)
_options = group(
    _search("--resume", "resumed", metavar="SWEEP", help="Go on with a sweep: its folder, or its id."),
    _search("--method", type=click.Choice(METHODS), help="How values are searched.  [default: the file's, or random]"),
    _search("--trials", type=int, help="How many in the end.  [default: the file's, or 20, or the whole grid]"),
    _search("--seed", type=int, help="Of what is drawn.  [default: the file's, or 0]"),
    _cluster("--workers", type=int, help="Local workers; 0: none, in this process.  [default: one a core]"),
    redis_option,
    broker_option,
    runs_option,
    _output("--quiet", "-q", is_flag=True, help="Tell nothing but the result, and what goes wrong."),
    _output("--verbose", "-v", is_flag=True, help="Tell who begins with which run, too."),
    log_format_option,
)


@click.command("sweep", short_help="Train many times with other options.", cls=Command)
@click.argument("file", metavar="[FILE.toml]", type=click.Path(path_type=Path), required=False)
@_options
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
    start_logging(to_level(given))
    run_options = _run_options(ctx, given)
    sweep, trial_options = _sweep(file, resumed, runs, given)
    data = find_dataset(trial_options.data)
    check_queue(run_options)
    if sweep is None:
        assert file is not None
        sweep = SweepFolder.create(runs, trial_options.definition, read_regular(file, _LARGEST))
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
        return Definition.parse(read_regular(file, _LARGEST), str(file))
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror or error}; give a TOML") from None


def _run_options(ctx: click.Context, given: dict[str, Any]) -> RunOptions:
    """Return who computes.  Raises ConfigError or UsageError."""
    workers, redis, broker = (given[name] for name in ("workers", "redis_address", "broker_address"))
    if workers is not None and redis is not None:
        raise click.UsageError("--workers starts a Redis of its own and --redis uses another: give one of them")
    if redis is None and broker is not None:
        if ctx.get_parameter_source("broker_address") is not ParameterSource.ENVIRONMENT:
            raise click.UsageError("--broker goes with --redis; the embedded cluster has a broker of its own")
        broker = None
    return RunOptions(workers=workers, redis=redis, broker=broker)
