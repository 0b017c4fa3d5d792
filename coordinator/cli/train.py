"""`gradmq train` and `gradmq resume`: a run from its beginning, or from where it was left."""

from pathlib import Path
from typing import Any

import click

from coordinator.api.driving import begin, go_on
from coordinator.api.preparation import prepare
from coordinator.cli import options
from coordinator.cli.settings import Configurable, check_digests
from coordinator.options.reading import to_data_options
from coordinator.reporting import lines
from coordinator.reporting.log_handlers import course, results, start_logging
from coordinator.runs import published
from coordinator.runs.lookup import find_model
from coordinator.runs.run import Run
from shared import logs
from shared.accounting import table
from shared.data.weights import read_weights


@click.command("train", cls=Configurable)
@options.settings_options
@options.model_options
@options.learning_options
@options.train_samples_option
@options.data_option
@options.reading_options
@options.runs_option
@options.run_options
@click.pass_context
def train_command(
    ctx: click.Context,
    /,
    start: Path | None,
    sample_weights: Path | None,
    data: Path,
    runs: Path,
    log_format: str,
    **given: Any,
) -> None:
    """Train a network.

    On its own it starts a Redis and workers for the time of the run; with --redis it uses the workers there.

    The command line has more weight than --config, and that than --recipe.
    """
    logs.set_log_format(log_format)
    start_logging(options.to_level(given))
    run_options, data_options = options.to_run_options(ctx, given), to_data_options(given)
    model = None if start is None else find_model(start, runs)
    names, alone = options.names_given(ctx), run_options.workers == 0
    weights = None if sample_weights is None else read_weights(sample_weights)
    job = prepare(given, names, data, data_options, weights=weights, start=model, alone=alone)
    check_digests(ctx, data, job.dataset)
    said = f"for such data, where not given: {options.as_typed(job.suggested)}" if job.suggested else ""
    run = begin(job.config, data, job.dataset, run_options, runs=runs, start=model, said=said)
    _say_the_result(run)


@click.command("resume", short_help="Go on with a run, to the same bits.")
@click.argument("name", metavar="RUN")
@click.option("--epochs", type=int, help="How many it shall have had in the end; default: as many as it was to have.")
@options.own_data_option
@options.runs_option
@options.run_options
@click.pass_context
def resume_command(
    ctx: click.Context, /, name: str, epochs: int | None, data: Path | None, runs: Path, log_format: str, **given: Any
) -> None:
    """Go on with a run that was stopped or has crashed: to the same bits, on any number of workers.

    With --epochs also with a finished one: to the bits of a run that was to have so many from the beginning.
    """
    logs.set_log_format(log_format)
    start_logging(options.to_level(given))
    run_options = options.to_run_options(ctx, given)
    run = Run.open(name, runs)
    go_on(run, run_options, data=data, epochs=epochs)
    _say_the_result(run)


def _say_the_result(run: Run) -> None:
    course.info(table(run.ledger))
    if told := lines.early_end(run.config, run.metrics):
        course.info(told)
    results.info(lines.choice(run.config, run.metrics))
    best = f"; of the best epoch: {run.best_model}" if run.best_model.exists() else ""
    results.info(f"model: {run.model}{best}")
    if told := published.compare(run):
        results.info(told)
