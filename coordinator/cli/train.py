"""`gradmq train` and `gradmq resume`: a run from its beginning, or from where it was left."""

import logging
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from click.core import ParameterSource
from threadpoolctl import threadpool_limits

from coordinator.accounting import table
from coordinator.cli import options
from coordinator.cli.options import Sizes
from coordinator.cluster.embedded import embedded_cluster
from coordinator.cluster.preflight import check_broker, check_flower, check_redis
from coordinator.cluster.redis_server import redis_server
from coordinator.gradients.in_process import InProcessGradients
from coordinator.gradients.remote import RemoteGradients
from coordinator.reporting.progress_bar import Progress, results, start_logging
from coordinator.runs.run import ReadOnlyError, Run, best
from coordinator.training.loop import GradientSource, train
from coordinator.training.state import State
from shared import logs
from shared.config import DTYPES, TrainConfig, join
from shared.data.dataset import Dataset, find_dataset, load_dataset
from shared.errors import ConfigError, QueueError
from shared.messaging.addresses import broker_url, redis_url
from shared.parallel.sgd import mini_batch_starts

log = logging.getLogger("coordinator")


@dataclass(frozen=True)
class RunOptions:
    """What a run is computed with: nothing of it changes the bits."""

    workers: int
    redis: str | None  # None: an embedded cluster, or with 0 workers this process
    broker: str | None
    batches_per_task: int | None
    audit: float
    flower_port: int | None


def _means_options(command: Any) -> Any:
    for option in (
        options.log_format_option,
        options.flower_option,
        options.audit_option,
        options.batches_per_task_option,
        options.broker_option,
        options.redis_option,
        options.workers_option,
    ):
        command = option(command)
    return command


def _means(
    ctx: click.Context,
    workers: int | None,
    redis_address: str | None,
    broker_address: str | None,
    batches_per_task: int | None,
    audit: float,
    flower_port: int | None,
) -> RunOptions:
    """Check what was given by itself.  Raises ConfigError."""
    if batches_per_task is not None and batches_per_task < 1:
        raise ConfigError(f"--batches-per-task must be at least 1, got {batches_per_task}")
    if workers is not None and not 0 <= workers <= options.MOST_WORKERS:
        raise ConfigError(f"--workers must be between 0 and {options.MOST_WORKERS}, got {workers}")
    if not 0 <= audit <= 1:
        raise ConfigError(f"--audit must be between 0 and 1, got {audit}; 0.01 checks one reply in a hundred")
    if workers is not None and redis_address is not None:
        if ctx.get_parameter_source("redis_address") is not ParameterSource.ENVIRONMENT:
            raise ConfigError("--workers starts a Redis of its own and --redis uses another: give one of them")
        redis_address = None  # the command line is more particular than the environment
    embedded = redis_address is None
    if embedded and broker_address is not None:
        if ctx.get_parameter_source("broker_address") is not ParameterSource.ENVIRONMENT:
            raise ConfigError("--broker goes with --redis; the embedded cluster has a broker of its own")
        broker_address = None
    if workers is None:
        workers = os.cpu_count() or 1
    if flower_port is not None:
        if not embedded or workers == 0:
            raise ConfigError("--flower shows the workers that this command starts, and it starts none")
        check_flower(flower_port)
    return RunOptions(workers, redis_address, broker_address, batches_per_task, audit, flower_port)


def _check_queue(means: RunOptions) -> None:
    """Raise QueueError unless what was given lets us in, or a Redis of our own can be started."""
    if means.redis is not None:
        check_redis(redis_url(means.redis))
    elif means.workers:
        redis_server()
    if means.broker is not None:
        check_broker(means.broker)


@click.command("train")
@click.option("--sizes", type=Sizes(), default=(784, 30, 10), help="Neurons of each layer, inputs first.")
@click.option("--epochs", type=int, default=30)
@click.option("--mini-batch-size", type=int, default=10, help="Samples of one step.")
@click.option("--eta", type=float, default=3.0, help="Learning rate.")
@click.option("--seed", type=int, default=0, help="Of the first weights and of every epoch's order.")
@click.option("--shards", type=int, help="Slices of a mini-batch; default: by its size. Part of what decides the bits.")
@click.option(
    "--local-steps", type=int, default=0, help="Steps each replica takes alone before the next average; 0: exact SGD."
)
@click.option("--replicas", type=int, help="Replicas of the weights that take local steps; default: 2.")
@click.option("--outer-momentum", type=float, default=0.0, help="Of the mean move of the replicas.")
@click.option("--dtype", type=click.Choice(DTYPES), default="float32")
@options.data_option
@options.runs_option
@_means_options
@click.pass_context
def train_command(
    ctx: click.Context,
    /,
    sizes: tuple[int, ...],
    epochs: int,
    mini_batch_size: int,
    eta: float,
    seed: int,
    shards: int | None,
    local_steps: int,
    replicas: int | None,
    outer_momentum: float,
    dtype: str,
    data: Path,
    runs: Path,
    log_format: str,
    **means_options: Any,
) -> None:
    """Train a network.

    On its own it starts a Redis and workers for the time of the run; with --redis it uses the workers there.
    """
    logs.set_log_format(log_format)
    start_logging()
    if shards is None:
        shards = options.usual_shards(mini_batch_size, local_steps)
    if replicas is None:
        replicas = options.DEFAULT_REPLICAS if local_steps else 1
    algorithm = (local_steps, replicas, outer_momentum)
    config = TrainConfig(sizes, epochs, mini_batch_size, eta, seed, shards, dtype, *algorithm)
    means = _means(ctx, **means_options)
    data = find_dataset(data)
    dataset = load_dataset(data)
    config.check_data(len(dataset.training), dataset.training.n_inputs, dataset.training.n_classes)
    _check_queue(means)
    run = Run.create(runs, config, ctx.params["data"], dataset)
    try:
        run.lock()
        _drive(run, data, dataset, State.initial(config), means)
    except BaseException as error:
        if not run.is_worth_keeping:
            # The logs tell what went wrong, if something did.
            run.discard(keep_logs=isinstance(error, QueueError))
        raise


@click.command("resume")
@click.argument("name", metavar="RUN")
@options.own_data_option
@options.runs_option
@_means_options
@click.pass_context
def resume_command(
    ctx: click.Context, /, name: str, data: Path | None, runs: Path, log_format: str, **means_options: Any
) -> None:
    """Go on with a run that was stopped or has crashed: to the same bits, on any number of workers."""
    logs.set_log_format(log_format)
    start_logging()
    means = _means(ctx, **means_options)
    run = Run.open(name, runs)
    data = find_dataset(data or run.data_path)
    dataset = load_dataset(data)
    run.check_data(data, dataset)
    n_steps = run.config.steps_per_epoch(len(dataset.training))
    try:
        run.lock()
    except ReadOnlyError:
        if run.state(n_steps).epoch < run.config.epochs:
            raise
    state = run.state(n_steps)
    if state.epoch == run.config.epochs:
        _say_the_result(run)
        return
    _check_queue(means)
    _drive(run, data, dataset, state, means)


def _drive(run: Run, data: Path, dataset: Dataset, state: State, means: RunOptions) -> None:
    """Train from the state to the end of the run, with what was given, and say what came of it."""
    try:
        _train(run, data, dataset, state, means)
    except KeyboardInterrupt:  # at whatever moment: also before the first step, or while all is being closed
        if run.is_worth_keeping:
            log.warning("the model so far is %s; go on with: gradmq resume %s", run.model, run.folder)
        raise
    _say_the_result(run)


def _train(run: Run, data: Path, dataset: Dataset, state: State, means: RunOptions) -> None:
    logs.context.run = run.id
    config, n_training = run.config, len(dataset.training)
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))
        # A run that diverges is reported once, by name, not by NumPy at every operation.
        stack.enter_context(np.errstate(all="ignore"))
        progress = stack.enter_context(Progress(n_training, config.steps_per_epoch(n_training), config.epochs))
        progress.begin(state.epoch * n_training + state.samples)
        results.info(_headline(run, n_training, state))
        source: GradientSource
        if means.redis is None and means.workers == 0:
            source = InProcessGradients(config, dataset.training, state.ledger)
        else:
            redis_address, supervise, tensors = means.redis, _no_tending, None
            if redis_address is None:
                cluster = embedded_cluster(means.workers, data, run.folder / "logs", means.flower_port)
                members = stack.enter_context(cluster)
                redis_address, supervise = members.redis_url, members.supervise
                tensors = members.shared_tensors(config)
            redis_address = redis_url(redis_address)
            broker = broker_url(redis_address, means.broker)
            source = RemoteGradients(
                redis_address,
                broker,
                run.id,
                config,
                dataset.training,
                state,
                means.batches_per_task,
                means.audit,
                supervise,
                tensors,
            )
            stack.callback(source.close)
        run.begin(state)
        stack.callback(run.close)
        train(run, dataset, source, state, progress)


def _say_the_result(run: Run) -> None:
    winner = best(run.metrics)
    results.info(table(run.counts_of_epochs))
    results.info(
        f"best epoch {winner.epoch}: {winner.correct}/{winner.n_test}; "
        f"last weights_sha256 {run.metrics[-1].weights_sha256}"
    )
    results.info(f"model: {run.model}")


def _no_tending() -> None:
    """Workers that we did not start are not ours to supervise."""


def _headline(run: Run, n_samples: int, state: State) -> str:
    config = run.config
    steps = len(mini_batch_starts(n_samples, config.mini_batch_size))
    from_where = (
        f"; going on at epoch {state.epoch}, mini-batch {state.batch * config.mini_batches_per_step}"
        if state.trained
        else ""
    )
    return (
        f"run {run.id}: {join(config.sizes)}, {config.dtype}, {config.epochs} epochs of {steps} mini-batches "
        f"of {config.mini_batch_size}, eta {config.eta}, seed {config.seed}, {config.algorithm}{from_where}"
    )
