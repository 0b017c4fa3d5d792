"""`gradmq plan`: will more workers help?"""

import math
import os

import click
from threadpoolctl import threadpool_limits

from coordinator.cli import options
from coordinator.cli.options import Sizes
from coordinator.planning.cost_model import CostModel, Link
from coordinator.planning.profiler import profile
from coordinator.planning.report import report
from shared.config import DTYPES, TrainConfig
from shared.errors import ConfigError


@click.command("plan")
@click.option("--sizes", type=Sizes(), default=(784, 30, 10), help="Neurons of each layer, inputs first.")
@click.option("--mini-batch-size", type=int, default=10, help="Samples of one step.")
@click.option("--shards", type=int, help="Slices of a mini-batch; default: by its size.")
@click.option("--workers", type=int, default=16, show_default=True, help="The most to consider.")
@click.option("--bandwidth", type=float, help="Gbit/s between Redis and the workers; default with --rtt: 1.")
@click.option("--rtt", type=float, help="Milliseconds there and back; default with --bandwidth: 0.5.")
@click.option("--local-steps", type=int, default=0, help="As of `train`; 0: exact SGD.")
@click.option("--replicas", type=int, help="As of `train`, or who would take local steps.")
@click.option("--dtype", type=click.Choice(DTYPES), default="float32")
def plan_command(
    sizes: tuple[int, ...],
    mini_batch_size: int,
    shards: int | None,
    workers: int,
    bandwidth: float | None,
    rtt: float | None,
    local_steps: int,
    replicas: int | None,
    dtype: str,
) -> None:
    """Predict how fast a training is with more workers, before you rent machines.

    With --bandwidth or --rtt the workers are on other machines like this one; without, all are on this one.
    """
    if not 1 <= workers <= options.MOST_WORKERS:
        raise ConfigError(f"--workers must be between 1 and {options.MOST_WORKERS}, got {workers}")
    link = _link(bandwidth, rtt)
    if shards is None:
        shards = options.usual_shards(mini_batch_size, local_steps)
    if replicas is not None and replicas < 1:
        raise ConfigError(f"--replicas must be at least 1, got {replicas}")
    algorithm = (local_steps, (replicas or options.DEFAULT_REPLICAS) if local_steps else 1)
    config = TrainConfig(sizes, 1, mini_batch_size, 3.0, 0, shards, dtype, *algorithm)
    with threadpool_limits(1):
        model = CostModel(config, profile(config), link, _cores())
    click.echo(report(model, workers, replicas))


def _link(bandwidth: float | None, rtt: float | None) -> Link | None:
    """Return what is between the machines.  Raises ConfigError."""
    if bandwidth is None and rtt is None:
        return None
    bandwidth, rtt = 1.0 if bandwidth is None else bandwidth, 0.5 if rtt is None else rtt
    if not (math.isfinite(bandwidth) and bandwidth > 0):
        raise ConfigError(f"--bandwidth must be a finite number of Gbit/s above 0, got {bandwidth}")
    if not (math.isfinite(rtt) and rtt >= 0):
        raise ConfigError(f"--rtt must be a finite number of milliseconds, 0 or more, got {rtt}")
    return Link(bandwidth * 1e9 / 8, rtt / 1000)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
