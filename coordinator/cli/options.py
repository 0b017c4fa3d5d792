"""Options that several commands have, and what they stand for."""

import logging
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from coordinator.cli.kinds import kind_options
from coordinator.cli.types import Deformations, FoldOf, Names, Numbers, ShareOrPath, Sizes
from coordinator.options.configuration import AUTO, BALANCED
from coordinator.reporting.watching import IN_THE_RUN, Watching
from coordinator.session import RunOptions
from shared import logs
from shared.config import join
from shared.data.dataset import DEFAULT_DATA, WANTED
from shared.data.fitting import IMPUTATIONS
from shared.data.options import SCALES, TASKS, TEST, VALIDATION
from shared.metrics_endpoint import LOOPBACK
from shared.monitors import MONITORS
from shared.nn.activations import ACTIVATIONS
from shared.nn.arithmetic import ARITHMETICS
from shared.nn.arithmetic.native import Native
from shared.nn.initializers import INITIALIZERS
from shared.nn.losses import LOSSES
from shared.nn.outputs import OUTPUTS
from shared.optim.optimizers import OPTIMIZERS
from shared.optim.schedules import SCHEDULES

DEFAULT_RUNS = Path("runs")
_Decorator = Callable[[Any], Any]


def group(*decorators: _Decorator) -> _Decorator:
    """Return a decorator that gives a command these options, in this order."""

    def decorate(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def _address(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse an empty address: a variable of the shell that is not set must not mean another Redis than was meant."""
    if value == "":
        raise click.BadParameter("'' is no address; give one like redis://host:port/db, or leave the option out")
    return value


def _choice(names: str, choices: Any, default: str, what: str) -> _Decorator:
    """names: the option's, its Python name first if there are several."""
    return click.option(*names.split(), type=click.Choice(list(choices)), default=default, show_default=True, help=what)


sizes_options = group(
    click.option(
        "--hidden",
        type=Sizes("give one or more, like 100,50"),
        help="Neurons of each hidden layer; the first and last layer are as the data needs them.  [default: 30]",
    ),
    click.option("--sizes", type=Sizes(), help="Neurons of all layers instead, inputs first, like 784,30,10."),
)
arithmetic_options = group(
    _choice("--arithmetic", ARITHMETICS, "exact", "exact: the same bits everywhere; native: faster."),
    click.option(
        "--dtype",
        type=click.Choice(list(Native.dtypes)),
        help="Of weights and gradients in native arithmetic.  [default: float32]",
    ),
)
mini_batch_size_option = click.option(
    "--mini-batch-size", type=int, default=10, show_default=True, help="Samples of one mini-batch."
)
strategy_options = group(
    click.option(
        "--shards",
        type=int,
        help="Slices of a mini-batch in native arithmetic, among which it can be divided; they decide the bits. "
        "Default: by its size, 2 for 10 samples, 4 for 100, 8 for 2,000; 1 with --workers 0.",
    ),
    click.option(
        "--local-steps",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Steps that each replica takes alone before the next average; 0: synchronous SGD.",
    ),
    click.option("--replicas", type=int, help="Replicas of the weights that take local steps.  [default: 2]"),
)
model_options = group(
    sizes_options,
    _choice("--activation", ACTIVATIONS, "sigmoid", "Of the hidden layers."),
    _choice("--output", OUTPUTS, "sigmoid", "What the last layer makes of its sums."),
    click.option(
        *("loss", "--loss", "--cost"),
        type=click.Choice(list(LOSSES)),
        help="What the steps make smaller.  [default: "
        + ", ".join(f"{output.loss} of {name}" for name, output in OUTPUTS.items())
        + "]",
    ),
    _choice("initializer --initializer --init", INITIALIZERS, "normal", "Of the first weights and biases."),
    click.option(
        "--standardize",
        is_flag=False,
        flag_value=AUTO,
        type=Numbers("for MNIST, give 0.1307,0.3081", 2, AUTO),
        metavar="[MEAN,DEVIATION]",
        help="Take this mean off the inputs and divide them by this deviation; those of the training samples, if it is "
        "given alone.",
    ),
    arithmetic_options,
    click.option(
        *("--from", "start"),
        type=click.Path(path_type=Path),
        metavar="RUN|MODEL",
        help="Begin with the weights of a model, or of a run's model: for other data, or with other options.",
    ),
)
regularisation_options = group(
    click.option(
        "--dropout", type=float, default=0.0, show_default=True, help="Share of hidden neurons dropped in each step."
    ),
    click.option("--input-dropout", type=float, default=0.0, show_default=True, help="Share of inputs dropped."),
    click.option(
        "--label-smoothing",
        type=float,
        default=0.0,
        show_default=True,
        help="How much of a class's 1 is spread over all classes.",
    ),
    click.option(
        "--class-weights",
        type=Numbers(f"give one for each class, like 1,1,2, or {BALANCED}", word=BALANCED),
        metavar=f"WEIGHTS|{BALANCED}",
        help="By what the costs of each class's samples are multiplied; balanced: so that all classes count alike.  "
        "[default: 1 each]",
    ),
    click.option(
        "--sample-weights",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="By what the cost of each training sample is multiplied: an .npy, or a text with a number on each line.",
    ),
    click.option(
        "--augment",
        type=Deformations(),
        metavar="DEFORMATIONS",
        help="Deform the training images, freshly in every epoch: like elastic=3.6,rotate=9.",
    ),
)
choice_options = group(
    _choice("--monitor", MONITORS, "validation-accuracy", "By what epochs are compared."),
    click.option(
        "--early-stopping",
        type=int,
        metavar="PATIENCE",
        default=0,
        show_default=True,
        help="End after so many epochs without a better one; 0: after all epochs.",
    ),
)
learning_options = group(
    click.option("--epochs", type=int, default=30, show_default=True, help="How often all samples are learned from."),
    mini_batch_size_option,
    *kind_options("optimizer", OPTIMIZERS, "sgd", "What becomes of a gradient."),
    click.option(
        *("--learning-rate", "--eta", "learning_rate"),
        type=float,
        default=3.0,
        show_default=True,
        help="Applied to the mean gradient of a mini-batch.",
    ),
    *kind_options("schedule", SCHEDULES, "constant", "Of the learning rate."),
    click.option("--l1", type=float, default=0.0, show_default=True, help="Penalty on the sizes of weights."),
    click.option(
        "--l2", type=float, default=0.0, show_default=True, help="Penalty on their squares: Nielsen's lambda."
    ),
    click.option("--clip-norm", type=float, help="Largest norm of a mean gradient; default: none."),
    click.option("--max-norm", type=float, help="Largest norm of the weights into a neuron; default: none."),
    click.option(
        "--ema",
        type=float,
        default=0.0,
        show_default=True,
        help="Decay of an average of the weights, which then is evaluated and saved.",
    ),
    click.option(
        "--seed", type=int, default=0, show_default=True, help="Of the first weights and of every epoch's order."
    ),
    strategy_options,
    click.option("--outer-momentum", type=float, help="Of the replicas' mean pseudo-gradient.  [default: 0]"),
    regularisation_options,
    choice_options,
)
settings_options = group(
    click.option("--recipe", metavar="NAME", help="Settings that come with GradMQ: `gradmq recipes` lists them."),
    click.option(
        *("--config", "config_file"),
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Settings of your own, a TOML of options by their names; or a run's config.json, to train it again.",
    ),
)
train_samples_option = click.option(
    "--train-samples",
    type=int,
    default=0,
    show_default=True,
    help="Learn from the first so many of the training samples alone; 0: from all.",
)
data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=str(DEFAULT_DATA),
    show_default=True,
    help=f"The samples: {WANTED}.",
)
reading_options = group(
    click.option(
        "--target",
        type=Names(),
        metavar="NAME[,NAME]",
        help="The columns to be predicted, by their names (where there are none, by their numbers from 0); of an .npy "
        "also the .npy of its labels.",
    ),
    click.option("--ignore", type=Names(), metavar="NAME[,NAME]", help="Columns that are no inputs, like identifiers."),
    click.option(
        "--task",
        type=click.Choice(list(TASKS)),
        help="What is to be predicted: "
        + "; ".join(f"{name}: {what}" for name, what in TASKS.items())
        + ".  [default: what the target looks like]",
    ),
    click.option(
        "--test",
        type=ShareOrPath(),
        metavar="SHARE|PATH",
        help=f"Samples to test on: a share of all, or a file.  [default: {TEST:g}, if the data has none]",
    ),
    click.option(
        "--validation",
        type=ShareOrPath(),
        metavar="SHARE|PATH",
        help=f"Samples to choose epochs by, likewise.  [default: {VALIDATION:g}, if the data has none]",
    ),
    click.option(
        "--fold",
        type=FoldOf(),
        metavar="N/K",
        help="Of the training samples in K folds, the one to choose epochs by, for a cross-validation; the others are "
        "learned from.",
    ),
    click.option(
        "--stratify/--no-stratify",
        default=None,
        help="Whether each class has its share in each part.  [default: if there are classes]",
    ),
    click.option(
        "--impute",
        type=click.Choice(IMPUTATIONS),
        help="What is to stand for missing values; of texts it is the most frequent.  [default: they are refused]",
    ),
    click.option(
        "--image-size",
        type=Sizes("give a height and a width, like 28,28"),
        metavar="HEIGHT,WIDTH",
        help="Scale the images of a folder to this size.  [default: they all have one]",
    ),
    click.option(
        "--scale",
        type=click.Choice(list(SCALES)),
        help="; ".join(f"{name}: {what}" for name, what in SCALES.items()) + ".  [default: columns, but of bytes]",
    ),
)
own_data_option = click.option(
    "--data", type=click.Path(path_type=Path), help="Where the run's samples are now; default: where they were."
)
runs_option = click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=str(DEFAULT_RUNS),
    show_default=True,
    help="Folder for the runs' folders.",
)
redis_option = click.option(
    *("--redis", "redis_address"),
    envvar="GRADMQ_REDIS_URL",
    show_envvar=True,
    callback=_address,
    help="Address of the Redis to use.",
)
broker_option = click.option(
    *("--broker", "broker_address"),
    envvar="GRADMQ_BROKER_URL",
    show_envvar=True,
    callback=_address,
    help="Celery's broker, if it is not that Redis.",
)
endpoint_options = (
    click.option(
        "--metrics-port",
        type=click.IntRange(1, 65535),
        envvar="GRADMQ_METRICS_PORT",
        show_envvar=True,
        help="Serve metrics for Prometheus on this port.",
    ),
    click.option(
        "--metrics-host",
        envvar="GRADMQ_METRICS_HOST",
        show_envvar=True,
        default=LOOPBACK,
        show_default=True,
        help="Address of this machine to serve them on.",
    ),
)
log_format_option = click.option(
    "--log-format",
    type=click.Choice(logs.FORMATS),
    envvar="GRADMQ_LOG_FORMAT",
    show_envvar=True,
    default="text",
    show_default=True,
    help="Of lines on standard output and standard error.",
)
watching_options = group(
    click.option(
        "--tensorboard",
        is_flag=False,
        flag_value=IN_THE_RUN,
        metavar="[DIR]",
        help="Write event files for TensorBoard, into DIR, a folder for each run; without DIR into the run's own.",
    ),
    click.option(
        "--csv",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write the epochs' figures into this file too, which may have other runs' already.",
    ),
    click.option(
        "--mlflow",
        metavar="URL",
        help="Tell the MLflow server there of options and epochs.",
    ),
    *endpoint_options,
    click.option("--quiet", "-q", is_flag=True, help="Tell nothing but the result, and what goes wrong."),
    click.option("--verbose", "-v", is_flag=True, help="Tell of each window of steps, too."),
)
run_options = group(
    click.option(
        "--workers", type=int, help="Local workers; default: one a core. 0: in this process, without a queue."
    ),
    redis_option,
    broker_option,
    click.option(
        "--batches-per-task",
        type=int,
        help="Mini-batches (with local steps, averages) of a Celery task; default: a second of work.",
    ),
    click.option(
        "--audit",
        type=float,
        default=0.0,
        show_default=True,
        help="Share of the replies that the coordinator computes again and compares.",
    ),
    click.option(
        "--flower", "flower_port", type=click.IntRange(1, 65535), help="Show Flower on this port of 127.0.0.1."
    ),
    watching_options,
    log_format_option,
)


def names_given(ctx: click.Context) -> set[str]:
    """Return the names of the options that were given, in whatever way."""
    return {name for name in ctx.params if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT}


def as_typed(values: dict[str, Any]) -> str:
    """Return options as they would be typed."""
    return " ".join(
        f"--{name.replace('_', '-')} {join(value) if isinstance(value, tuple) else value}"
        for name, value in values.items()
    )


def to_level(given: dict[str, Any]) -> int:
    """Take --quiet and --verbose from what was given, and return the level of events to be told.

    Raises UsageError for both.
    """
    quiet, verbose = given.pop("quiet"), given.pop("verbose")
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose do not go together; give one of them")
    return logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO


def to_run_options(ctx: click.Context, given: dict[str, Any]) -> RunOptions:
    """Take the options of `run_options` from what was given, and return what they stand for.  Raises ConfigError."""
    names = ("workers", "batches_per_task", "audit", "flower_port")
    redis, broker = given.pop("redis_address"), given.pop("broker_address")
    watching = Watching(**{field.name: given.pop(field.name) for field in fields(Watching)})
    found = RunOptions(**{name: given.pop(name) for name in names}, watching=watching)
    if found.workers is not None and redis is not None:
        if ctx.get_parameter_source("redis_address") is not ParameterSource.ENVIRONMENT:
            raise click.UsageError("--workers starts a Redis of its own and --redis uses another: give one of them")
        redis = None  # the command line is more particular than the environment
    if redis is None and broker is not None:
        if ctx.get_parameter_source("broker_address") is not ParameterSource.ENVIRONMENT:
            raise click.UsageError("--broker goes with --redis; the embedded cluster has a broker of its own")
        broker = None
    if found.flower_port is not None and (redis is not None or found.workers == 0):
        raise click.UsageError("--flower shows the workers that this command starts, and it starts none")
    return replace(found, redis=redis, broker=broker)
