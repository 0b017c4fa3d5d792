"""`gradmq train` and `gradmq resume`: a run from its beginning, or from where it was left."""

import logging
from pathlib import Path
from typing import Any

import click

from coordinator.api.driving import begin, go_on
from coordinator.api.preparation import Job, prepare
from coordinator.cli.command import Command
from coordinator.cli.given import as_typed, names_given, run_options_given, to_level
from coordinator.cli.names import RunName
from coordinator.cli.option import LEARNING, SETTINGS, group, in_section
from coordinator.cli.options.cluster import cluster_options
from coordinator.cli.options.data import data_option, own_data_option, reading_options, train_samples_option
from coordinator.cli.options.division import outer_momentum_option, strategy_options
from coordinator.cli.options.learning import learning_options
from coordinator.cli.options.model import model_options
from coordinator.cli.options.optimizer import optimizer_options
from coordinator.cli.options.output import log_format_option, runs_option, watching_options
from coordinator.cli.options.regularisation import regularisation_options
from coordinator.cli.options.settings import settings_options
from coordinator.cli.settings import Configurable, check_digests
from coordinator.options.reading import to_data_options
from coordinator.planning.hindsight import advise
from coordinator.reporting import lines
from coordinator.reporting.log_handlers import course, results, start_logging
from coordinator.runs import published
from coordinator.runs.lookup import find_model
from coordinator.runs.newest import differences, newest_of, newest_unfinished
from coordinator.runs.run import RunFolder
from shared import logs
from shared.accounting import table
from shared.data.sample_weights import read_weights
from shared.data.samples import KnownSamples
from shared.errors import RunError

log = logging.getLogger("coordinator")

# Of whatever trains: who computes, and what is told and kept.
_run_options = group(cluster_options, runs_option, watching_options, log_format_option)


@click.command("train", cls=Configurable, short_help="Train a network.")
@settings_options
@data_option
@reading_options
@train_samples_option
@model_options
@learning_options
@optimizer_options
@regularisation_options
@strategy_options
@outer_momentum_option
@_run_options
@click.pass_context
def train_command(
    ctx: click.Context,
    /,
    start: Path | None,
    sample_weights: Path | None,
    data: Path,
    runs: Path,
    resumes: bool,
    log_format: str,
    **given: Any,
) -> None:
    """Train a network.

    On its own it starts a Redis and workers for the time of the run; with --redis it uses the workers there.

    Defaults are those of images with classes, like digits. Where another one is named for tables, it also holds for
    arrays of other numbers than bytes, and wherever numbers or labels are to be predicted.

    The command line has more weight than the environment, that more than --config, and that more than --recipe.
    """
    logs.set_log_format(log_format)
    start_logging(to_level(given))
    run_options, data_options = run_options_given(ctx, given), to_data_options(given)
    model = None if start is None else find_model(start, runs)
    names, alone = names_given(ctx), run_options.workers == 0
    weights = None if sample_weights is None else read_weights(sample_weights)
    job = prepare(given, names, data, data_options, weights=weights, start=model, alone=alone)
    check_digests(ctx, data, job.dataset)
    if resumes and (found := newest_of(runs, job.config, job.dataset)) is not None:
        course.info(_going_on(found))
        go_on(found, run_options, data=data)
        _say_the_result(found)
        return
    if resumes:
        course.info(_why_a_new_run(runs, job))
    said = f"for such data, where not given: {as_typed(job.suggested)}" if job.suggested else ""
    run = begin(job.config, data, job.dataset, run_options, runs=runs, start=model, said=said)
    _say_the_result(run)
    _advise(run, job.dataset.training)


@click.command("resume", short_help="Go on with a run, to the same bits.", cls=Command)
@click.argument("name", metavar="[RUN]", type=RunName(), required=False)
@in_section(SETTINGS)("--last", is_flag=True, help="The newest run that is not finished, in the place of RUN.")
@in_section(LEARNING)(
    "--epochs", type=int, help="How many it shall have had in the end.  [default: as many as it was to have]"
)
@own_data_option
@_run_options
@click.pass_context
def resume_command(
    ctx: click.Context,
    /,
    name: str | None,
    last: bool,
    epochs: int | None,
    data: Path | None,
    runs: Path,
    log_format: str,
    **given: Any,
) -> None:
    """Go on with a run that was stopped or has crashed: to the same bits, on any number of workers.

    With --epochs also with a finished one: to the bits of a run that was to have so many from the beginning.
    """
    logs.set_log_format(log_format)
    start_logging(to_level(given))
    run_options = run_options_given(ctx, given)
    run = _named(name, last, runs)
    go_on(run, run_options, data=data, epochs=epochs)
    _say_the_result(run)


def _advise(run: RunFolder, training: KnownSamples) -> None:
    """Tell, where nothing is read but by people, whether the run had better had no workers."""
    config, epochs = run.config, run.metrics
    if not log.isEnabledFor(logging.INFO):
        return
    step = min(metrics.seconds for metrics in epochs) / config.sampler(len(training)).steps_per_epoch
    workers = min(metrics.workers for metrics in epochs)
    try:
        told = advise(config, training, step, sum(metrics.seconds for metrics in epochs), workers)
    except Exception:  # whatever it is: the run is done
        log.debug("no advice", exc_info=True)
        return
    if told:
        log.info(told)


def _named(name: str | None, last: bool, runs: Path) -> RunFolder:
    """Return the run that is meant.  Raises UsageError unless one is, and RunError if it is not there."""
    if last == (name is not None):
        raise click.UsageError("give a run's folder or id, or --last for the newest that is not finished; one of them")
    if name is not None:
        return RunFolder.open(name, runs)
    if (found := newest_unfinished(runs)) is None:
        raise RunError(f"there is no unfinished run in {runs}; give another --runs, or begin one with: gradmq train")
    course.info(_going_on(found))
    return found


def _going_on(run: RunFolder) -> str:
    """Return a line about a run that was found, not named."""
    if run.is_finished:
        return f"run {run.id} of these settings is finished: its results again; for a new run leave --resume out"
    return f"run {run.id} is unfinished: going on with it"


def _why_a_new_run(runs: Path, job: Job) -> str:
    """Return a line about there being no run to go on with, and about an unfinished one of other settings."""
    line = f"no run of these settings is in {runs}: a new one begins"
    if (other := newest_unfinished(runs)) is None:
        return line
    what = differences(other, job.config, job.dataset)
    return f"{line}; run {other.id}, with {what}, is unfinished: gradmq resume {other.folder}"


def _say_the_result(run: RunFolder) -> None:
    course.info(table(run.ledger))
    if told := lines.early_end(run.config, run.metrics):
        course.info(told)
    results.info(lines.choice(run.config, run.metrics))
    best = f"; of the best epoch: {run.best_model}" if run.best_model.exists() else ""
    results.info(f"model: {run.model}{best}")
    if told := published.compare(run):
        results.info(told)
