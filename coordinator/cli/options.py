"""Options that several commands have."""

from pathlib import Path
from typing import Any

import click

from shared import logs
from shared.data.dataset import DEFAULT_DATA
from shared.parallel.sgd import default_shards

DEFAULT_RUNS = Path("runs")
DEFAULT_REPLICAS = 2
MOST_WORKERS = 256  # processes on this machine; more would only be a typing error


class Sizes(click.ParamType[tuple[int, ...]]):
    """Layers as 784,30,10."""

    name = "sizes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        try:
            return value if isinstance(value, tuple) else tuple(int(size) for size in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is no list of layer sizes; for MNIST, give 784,30,10", param, ctx)


class Epochs(click.ParamType[tuple[int, int]]):
    """Epochs as 3..7, both included, or 3 alone."""

    name = "epochs"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        first, dots, last = value.partition("..")
        try:
            found = int(first), int(last if dots else first)
        except ValueError:
            self.fail(f"{value!r} is no range of epochs; give two numbers like 0..4", param, ctx)
        if not 0 <= found[0] <= found[1]:
            self.fail(f"{value!r} is no range of epochs; give two numbers, the smaller first, like 0..4", param, ctx)
        return found


def usual_shards(mini_batch_size: int, local_steps: int) -> int:
    """Return the number of shards if none was given; a size out of its range is refused later."""
    return 1 if local_steps else default_shards(max(mini_batch_size, 1))


def _address(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse an empty address: a variable of the shell that is not set must not mean another Redis than was meant."""
    if value == "":
        raise click.BadParameter("'' is no address; give one like redis://host:port/db, or leave the option out")
    return value


data_option = click.option(
    "--data", type=click.Path(path_type=Path), default=DEFAULT_DATA, help="Folder of IDX files, or a mnist.pkl.gz."
)
own_data_option = click.option(
    "--data", type=click.Path(path_type=Path), help="Where the run's samples are now; default: where they were."
)
runs_option = click.option(
    "--runs", type=click.Path(path_type=Path), default=DEFAULT_RUNS, help="Folder for the runs' folders."
)
redis_option = click.option(
    "--redis", "redis_address", envvar="GRADMQ_REDIS_URL", callback=_address, help="Address of the Redis to use."
)
broker_option = click.option(
    *("--broker", "broker_address"),
    envvar="GRADMQ_BROKER_URL",
    callback=_address,
    help="Celery's broker, if it is not that Redis.",
)
workers_option = click.option(
    "--workers", type=int, help="Local workers; default: one a core. 0: in this process, without a queue."
)
batches_per_task_option = click.option(
    "--batches-per-task",
    type=int,
    help="Mini-batches (with local steps, averages) of a Celery task; default: a second of work.",
)
audit_option = click.option(
    "--audit", type=float, default=0.0, help="Share of the replies that the coordinator computes again and compares."
)
flower_option = click.option(
    "--flower", "flower_port", type=click.IntRange(1, 65535), help="Show Flower on this port of 127.0.0.1."
)
log_format_option = click.option(
    "--log-format", type=click.Choice(logs.FORMATS), envvar="GRADMQ_LOG_FORMAT", default="text", show_default=True
)
