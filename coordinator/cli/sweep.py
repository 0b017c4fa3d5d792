"""`gradmq sweep`: many runs that differ in some options, and which is the best."""

from pathlib import Path
from typing import Any

import click

from coordinator.api.sweep_driving import LARGEST_FILE, begin, go_on
from coordinator.cli.command import Command
from coordinator.cli.given import queue_given, to_level
from coordinator.cli.option import CLUSTER, OUTPUT, group, in_section
from coordinator.cli.options.cluster import broker_option, redis_option
from coordinator.cli.options.output import log_format_option, runs_option
from coordinator.reporting.log_handlers import start_logging
from coordinator.session import RunOptions
from coordinator.sweeps.catalogue import METHODS
from coordinator.sweeps.folder import SweepFolder, is_sweep
from shared import logs
from shared.regular_files import read_regular

_search, _cluster, _output = in_section("Search"), in_section(CLUSTER), in_section(OUTPUT)
_options = group(
    _search("--resume", "resumed", metavar="SWEEP", help="Go on with a sweep: its folder, or its id."),
    _search("--method", type=click.Choice(METHODS), help="How values are searched.  [default: the file's, or random]"),
    _search(
        "--trials",
        type=int,
        help="How many in the end.  [default: the file's; or 20, of a grid all, where nothing but lists varies no more "
        "than there are combinations]",
    ),
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
    redis, broker = queue_given(ctx, given)
    run_options = RunOptions(workers=given.pop("workers"), redis=redis, broker=broker)
    asked = {name: given[name] for name in ("trials", "method", "seed")}
    if file is not None and resumed is None and is_sweep(file):
        file, resumed = None, str(file)
    if resumed is not None and file is None:
        go_on(SweepFolder.open(resumed, runs), asked, run_options)
    elif file is not None and resumed is None:
        begin(_read(file), file, asked, runs, run_options)
    else:
        raise click.UsageError("give a sweep's file, or --resume with a sweep that there is")


def _read(file: Path) -> bytes:
    try:
        return read_regular(file, LARGEST_FILE)
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror or error}; give a TOML") from None
