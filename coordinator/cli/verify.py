"""`gradmq verify`: is what was recorded of a run what it computes?"""

import logging
from pathlib import Path

import click

from coordinator.cli.command import Command
from coordinator.cli.exit_codes import DIFFERENT
from coordinator.cli.names import RunName
from coordinator.cli.option import in_section
from coordinator.cli.options.data import own_data_option
from coordinator.cli.options.output import log_format_option, runs_option
from coordinator.cli.types import Epochs
from coordinator.reporting.log_handlers import results, start_logging
from coordinator.reporting.progress import progress
from coordinator.runs.places import foreign_rounding
from coordinator.runs.run import RunFolder
from coordinator.runs.verify import last_epoch
from coordinator.runs.verify import verify as recompute
from shared import logs
from shared.data.dataset import find_dataset
from shared.fixed_problem import check_arithmetic
from shared.nn.arithmetic import one_thread, quiet

log = logging.getLogger("coordinator")

_option = in_section("Options")


@click.command(short_help="Recompute a run and compare every epoch.", cls=Command)
@click.argument("name", metavar="RUN", type=RunName())
@_option("--epochs", type=Epochs(), help="Compare only these, like 0..4; those before are recomputed all the same.")
@own_data_option
@runs_option
@log_format_option
@click.pass_context
def verify(
    ctx: click.Context, name: str, epochs: tuple[int, int] | None, data: Path | None, runs: Path, log_format: str
) -> None:
    """Recompute a run in this process and compare it, epoch by epoch, with what was recorded."""
    logs.set_log_format(log_format)
    start_logging()
    run = RunFolder.open(name, runs)
    path = find_dataset(data or run.data_path)
    dataset = run.load_data(path)
    first, last = epochs or (0, None)
    if last is not None and last >= len(run.metrics):
        raise click.UsageError(f"--epochs {first}..{last} goes beyond the run's {len(run.metrics)} finished epochs")
    check_arithmetic(run.config)
    end = last_epoch(run, last)
    if end != last:
        log.warning("run %s is being trained; compared are the %d epochs so far", run.id, len(run.metrics))
    if difference := foreign_rounding(run.places, run.config):
        log.warning("%s; expect other bits", difference)
    compared = 0
    with one_thread(), quiet(), progress(run.config, dataset.training) as shown:
        for epoch, what, difference in recompute(run, dataset, end, shown.after_step):
            if epoch >= first:
                results.info(f"Epoch {epoch}: {what}: {difference or 'identical'}")
                compared += 1
            if difference and epoch >= first:
                ctx.exit(DIFFERENT)
    results.info(f"run {run.id}: all {compared} comparisons are identical, to the last bit")
