"""`gradmq train` and `gradmq resume`: a run from its beginning, or from where it was left."""

import logging
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from coordinator.accounting import table
from coordinator.cli import options
from coordinator.cli import start as beginning
from coordinator.cli.settings import Configurable, check_digests
from coordinator.reporting import lines
from coordinator.reporting.log_handlers import results, start_logging
from coordinator.runs import published
from coordinator.runs.lookup import find_model
from coordinator.runs.places import foreign_rounding
from coordinator.runs.run import ReadOnlyError, Run
from coordinator.session import RunOptions, run_training
from coordinator.training.choice import is_finished
from coordinator.training.state import TrainingState
from shared import logs
from shared.data.dataset import Dataset, find_dataset, load_dataset
from shared.data.weights import read_weights
from shared.errors import QueueError

log = logging.getLogger("coordinator")


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
    start_logging()
    run_options, data_options = options.to_run_options(ctx, given), options.to_data_options(given)
    model = None if start is None else find_model(start, runs)
    path = find_dataset(data)
    encoding = None if model is None else model.encoding
    dataset = load_dataset(path, data_options, given["seed"], encoding).first(given["train_samples"])
    if sample_weights is not None:
        dataset = dataset.weighted(read_weights(sample_weights))
    taken = options.fill_in_defaults(ctx, given, dataset, model)
    if model is not None:
        beginning.fill_in(ctx, given, model)
    training = dataset.training
    config = options.to_config(given, run_options.workers == 0, dataset)
    if ctx.get_parameter_source("monitor") is ParameterSource.DEFAULT:
        config = options.with_default_monitor(config, len(dataset.validation))
    if model is not None:
        beginning.check(config, model)
    config.check_data(len(training), training.n_inputs, training.n_outputs, dataset.has_classes)
    config.check_validation(len(dataset.validation))
    check_digests(ctx, path, dataset)
    dataset.check_inputs(config.arithmetic, config.output)
    run_options.check_queue()
    run = Run.create(runs, config, data, dataset, model)
    ctx.call_on_close(run.unlock)
    try:
        run.lock()
        if taken:
            results.info("for such data, where not given: %s", options.as_typed(taken))
        _train(run, dataset, path, run.initial_state(), run_options)
    except BaseException as error:
        if not run.is_worth_keeping:
            # The logs tell what went wrong, if something did.
            run.discard(keep_logs=isinstance(error, QueueError))
        raise


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
    start_logging()
    run_options = options.to_run_options(ctx, given)
    run = Run.open(name, runs)
    ctx.call_on_close(run.unlock)
    path = find_dataset(data or run.data_path)
    dataset = run.load_data(path)
    steps_per_epoch = run.config.sampler(len(dataset.training)).steps_per_epoch
    try:
        run.lock()
    except ReadOnlyError:
        state = run.state(steps_per_epoch)
        if not is_finished(run.config, state.epoch, state.history) or epochs not in (None, run.config.epochs):
            raise
    state = run.state(steps_per_epoch)
    if epochs is not None:
        run.ask_for_epochs(epochs, state)
    if is_finished(run.config, state.epoch, state.history):
        _say_the_result(run)
        return
    run_options.check_queue()
    if difference := foreign_rounding(run.places, run.config):
        log.warning("%s; from here on its bits are those of neither", difference)
    run.goes_on_here()
    _train(run, dataset, path, state, run_options)


def _train(run: Run, dataset: Dataset, data: Path, state: TrainingState, run_options: RunOptions) -> None:
    """Train from the state to the end of the run, and say what came of it."""
    try:
        run_training(run, dataset, data, state, run_options)
    except KeyboardInterrupt:  # at whatever moment: also before the first step, or while all is being closed
        if run.is_worth_keeping:
            log.warning("the model so far is %s; go on with: gradmq resume %s", run.model, run.folder)
        raise
    _say_the_result(run)


def _say_the_result(run: Run) -> None:
    results.info(table(run.ledger))
    if told := lines.early_end(run.config, run.metrics):
        results.info(told)
    results.info(lines.choice(run.config, run.metrics))
    best = f"; of the best epoch: {run.best_model}" if run.best_model.exists() else ""
    results.info(f"model: {run.model}{best}")
    if told := published.compare(run):
        results.info(told)
