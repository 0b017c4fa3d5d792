"""The command line."""

import logging
import os
import signal
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import click
import numpy as np
from click.core import ParameterSource
from threadpoolctl import threadpool_limits

from coordinator.cluster import embedded_cluster, worker_command
from coordinator.exchange import Exchange
from coordinator.local import Local
from coordinator.model import load_model
from coordinator.preflight import UnreachableError, check_broker, check_port_is_free, check_redis, check_transport
from coordinator.progress import Progress, results, start_logging
from coordinator.run import Run, best
from coordinator.stop import Stopped
from coordinator.train import GradientSource, train
from shared import logs
from shared.config import DTYPES, TrainConfig, join
from shared.dataset import DEFAULT_DATA, find_dataset, load_dataset
from shared.errors import ConfigError, DataError, GradMQError, ModelError, QueueError
from shared.queue import broker_url, redis_url
from shared.sgd import count_correct, default_shards

_WRONG_INPUT = 2
_LOG_LEVELS = ("debug", "info", "warning", "error")

log = logging.getLogger("coordinator")


class _Sizes(click.ParamType[tuple[int, ...]]):
    """Layers as 784,30,10."""

    name = "sizes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        try:
            return value if isinstance(value, tuple) else tuple(int(size) for size in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is no list of layer sizes; for MNIST, give 784,30,10", param, ctx)


_data_option = click.option(
    "--data", type=click.Path(path_type=Path), default=DEFAULT_DATA, help="Folder of IDX files, or a mnist.pkl.gz."
)
_redis_option = click.option("--redis", "redis_address", envvar="GRADMQ_REDIS_URL", help="Address of the Redis to use.")
_broker_option = click.option(
    "--broker", "broker_address", envvar="GRADMQ_BROKER_URL", help="Celery's broker, if it is not that Redis."
)
_log_format_option = click.option(
    "--log-format", type=click.Choice(logs.FORMATS), envvar="GRADMQ_LOG_FORMAT", default="text", show_default=True
)


@click.group()
def cli() -> None:
    """Distributed training over a message queue: the same weights, to the last bit, on any number of workers."""


@cli.command("train")
@click.option("--sizes", type=_Sizes(), default=(784, 30, 10), help="Neurons of each layer, inputs first.")
@click.option("--epochs", type=int, default=30)
@click.option("--mini-batch-size", type=int, default=10, help="Samples of one step.")
@click.option("--eta", type=float, default=3.0, help="Learning rate.")
@click.option("--seed", type=int, default=0, help="Of the first weights and of every epoch's order.")
@_data_option
@click.option("--workers", type=int, help="Local workers; default: one a core. 0: in this process, without a queue.")
@_redis_option
@_broker_option
@click.option("--shards", type=int, help="Slices of a mini-batch; default: by its size. Part of what decides the bits.")
@click.option("--batches-per-task", type=int, help="Mini-batches of a Celery task; default: a second of work.")
@click.option("--dtype", type=click.Choice(DTYPES), default="float32")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), help="Folder for the runs' folders.")
@click.option("--flower", "flower_port", type=click.IntRange(1, 65535), help="Show Flower on this port of 127.0.0.1.")
@_log_format_option
@click.pass_context
def train_command(
    ctx: click.Context,
    sizes: tuple[int, ...],
    epochs: int,
    mini_batch_size: int,
    eta: float,
    seed: int,
    data: Path,
    workers: int | None,
    redis_address: str | None,
    broker_address: str | None,
    shards: int | None,
    batches_per_task: int | None,
    dtype: str,
    runs: Path,
    flower_port: int | None,
    log_format: str,
) -> None:
    """Train a network.

    On its own it starts a Redis and workers for the time of the run; with --redis it uses the workers there.
    """
    logs.set_log_format(log_format)
    start_logging()
    if shards is None:
        shards = default_shards(max(mini_batch_size, 1))
    config = TrainConfig(sizes, epochs, mini_batch_size, eta, seed, shards, dtype)
    if batches_per_task is not None and batches_per_task < 1:
        raise ConfigError(f"--batches-per-task must be at least 1, got {batches_per_task}")
    if workers is not None and workers < 0:
        raise ConfigError(f"--workers must be 0 or more, got {workers}")
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
        check_port_is_free(flower_port)

    data = find_dataset(data)
    dataset = load_dataset(data)
    training = dataset.training
    config.check_data(len(training), training.n_inputs, training.n_classes)
    if redis_address is not None:
        check_redis(redis_url(redis_address))
    if broker_address is not None:
        check_broker(broker_address)

    run = Run(runs, config, dataset)
    logs.context.run = run.id
    try:
        with ExitStack() as stack:
            stack.enter_context(threadpool_limits(1))
            # A run that diverges is reported once, by name, not by NumPy at every operation.
            stack.enter_context(np.errstate(all="ignore"))
            progress = stack.enter_context(Progress(len(training), config.steps_per_epoch(len(training)), epochs))
            results.info(_headline(run, config, len(training)))
            source: GradientSource
            if embedded and workers == 0:
                source = Local(config, training)
            else:
                tend = _no_tending
                if embedded:
                    cluster = embedded_cluster(workers, data, run.folder / "logs", flower_port)
                    members = stack.enter_context(cluster)
                    redis_address, tend = members.redis_url, members.tend
                redis_address = redis_url(redis_address)
                broker = broker_url(redis_address, broker_address)
                exchange = Exchange(redis_address, broker, run.id, config, training, batches_per_task, tend)
                stack.callback(exchange.close)
                source = exchange
            parameters = train(config, dataset, source, run, progress)
    except BaseException as error:
        if not run.model.exists():
            # The logs tell what went wrong, if something did.
            run.discard(keep_logs=isinstance(error, QueueError))
        elif isinstance(error, KeyboardInterrupt):
            log.warning("the model so far is %s", run.model)
        raise
    winner = best(run.metrics)
    results.info(
        f"best epoch {winner.epoch}: {winner.correct}/{winner.n_test}; last weights_sha256 {parameters.sha256}"
    )
    results.info(f"model: {run.model}")


@cli.command("worker")
@_redis_option
@_broker_option
@click.option("--name", default="worker@%h", show_default=True, help="Name in Flower; %h is the host.")
@click.option("--log-level", type=click.Choice(_LOG_LEVELS), envvar="GRADMQ_LOG_LEVEL", default="info")
@_log_format_option
def worker_process(
    redis_address: str | None, broker_address: str | None, name: str, log_level: str, log_format: str
) -> None:
    """Run one worker process, like `celery -A worker worker` with the settings that suit us."""
    logs.set_log_format(log_format)
    start_logging()
    address = redis_url(redis_address)
    try:
        check_redis(address)
    except UnreachableError as error:
        log.warning("%s; trying until it is there", error)
    os.environ["GRADMQ_REDIS_URL"] = address
    if broker_address is not None:
        check_transport(broker_address)
        os.environ["GRADMQ_BROKER_URL"] = broker_address
    # Celery will look for our app in its own folder, not in this one.
    with suppress(DataError):  # a worker needs no samples of its own
        os.environ["GRADMQ_DATA"] = str(find_dataset(Path(os.environ.get("GRADMQ_DATA") or DEFAULT_DATA)).absolute())
    command = worker_command(name, log_level)
    os.execv(command[0], command)


@cli.command()
@click.argument("model", type=click.Path(path_type=Path))
@_data_option
def evaluate(model: Path, data: Path) -> None:
    """Print how many of the test samples a model gets right."""
    parameters = load_model(_model_file(model))
    test = load_dataset(data).test
    if (parameters.sizes[0], parameters.sizes[-1]) != (test.n_inputs, test.n_classes):
        raise ModelError(
            f"{model} has layers {join(parameters.sizes)}, but the data has {test.n_inputs} inputs "
            f"and {test.n_classes} classes; give --data what the model was trained on"
        )
    with threadpool_limits(1):
        correct = count_correct(parameters, test)
    click.echo(f"accuracy is {correct}/{len(test)}")


@cli.command()
@click.argument("model", type=click.Path(path_type=Path))
def show(model: Path) -> None:
    """Print a model's layers, weights and biases."""
    parameters = load_model(_model_file(model))
    click.echo("Neural Net:")
    click.echo(f"Number of layers: {len(parameters.sizes)}")
    for layer, size in enumerate(parameters.sizes):
        click.echo(f"Number of neurons in a layer {layer} : {size}")
    for layer, (w, b) in enumerate(zip(parameters.weights, parameters.biases, strict=True), start=1):
        click.echo(f"W_{layer} :\n{np.round(w, 2)}")
        click.echo(f"b_{layer} :\n{np.round(b, 2)}")
    click.echo(f"dtype: {parameters.dtype.name}")
    click.echo(f"weights_sha256: {parameters.sha256}")


def run() -> int:
    """Run the command line; return the exit code."""
    try:
        cli.main(prog_name="gradmq", standalone_mode=False)
        return 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort as abort:  # which is what click makes of a KeyboardInterrupt
        _say("stopped")
        return 128 + (abort.__cause__.signal_number if isinstance(abort.__cause__, Stopped) else signal.SIGINT)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return _WRONG_INPUT
    except click.ClickException as error:
        return _complain(error.format_message())
    except GradMQError as error:
        return _complain(str(error))
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _complain(f"{place}{error.strerror or error}; check disk, permissions and where the output goes")
    except MemoryError:
        return _complain("this needs more memory than there is; choose smaller --sizes or --mini-batch-size")


def _complain(message: str) -> int:
    _say(" ".join(message.split()))
    return _WRONG_INPUT


def _say(message: str) -> None:
    """Print why the program ends."""
    if logs.log_format() == "json":
        start_logging()
        log.error(message)
    else:
        click.echo(f"gradmq: {logs.masked(message)}", err=True)


def _no_tending() -> None:
    """Workers that we did not start are not ours to tend."""


def _model_file(path: Path) -> Path:
    """A run's folder stands for its model."""
    return path / "model.npz" if path.is_dir() else path


def _headline(run: Run, config: TrainConfig, n_samples: int) -> str:
    steps = config.steps_per_epoch(n_samples)
    return (
        f"run {run.id}: {join(config.sizes)}, {config.dtype}, {config.epochs} epochs of {steps} mini-batches "
        f"of {config.mini_batch_size}, eta {config.eta}, seed {config.seed}, {config.shards} shards"
    )
