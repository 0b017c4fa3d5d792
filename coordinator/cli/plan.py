"""`gradmq plan`: will more workers help?"""

import math
import os

import click
from threadpoolctl import threadpool_limits

from coordinator.cli import options
from coordinator.cli.options import Sizes
from coordinator.planning.advice import advise
from coordinator.planning.cost_model import CostModel, Network
from coordinator.planning.profiler import measure
from shared.config import DTYPES, TrainConfig, join
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
    network = _network(bandwidth, rtt)
    if shards is None:
        shards = options.usual_shards(mini_batch_size, local_steps)
    if replicas is not None and replicas < 1:
        raise ConfigError(f"--replicas must be at least 1, got {replicas}")
    algorithm = (local_steps, (replicas or options.DEFAULT_REPLICAS) if local_steps else 1)
    config = TrainConfig(sizes, 1, mini_batch_size, 3.0, 0, shards, dtype, *algorithm)
    with threadpool_limits(1):
        rate = measure(config)
    plan = CostModel(config, rate, network, _cores())
    click.echo(f"{join(sizes)}, {dtype}, mini-batches of {mini_batch_size}, {config.algorithm}; {_where(plan)}")
    click.echo(_table(plan, workers))
    click.echo(" ".join(advise(plan, workers, replicas).sentences))


def _network(bandwidth: float | None, rtt: float | None) -> Network | None:
    """Return what is between the machines.  Raises ConfigError."""
    if bandwidth is None and rtt is None:
        return None
    bandwidth, rtt = 1.0 if bandwidth is None else bandwidth, 0.5 if rtt is None else rtt
    if not (math.isfinite(bandwidth) and bandwidth > 0):
        raise ConfigError(f"--bandwidth must be a finite number of Gbit/s above 0, got {bandwidth}")
    if not (math.isfinite(rtt) and rtt >= 0):
        raise ConfigError(f"--rtt must be a finite number of milliseconds, 0 or more, got {rtt}")
    return Network(bandwidth * 1e9 / 8, rtt / 1000)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _where(plan: CostModel) -> str:
    if plan.network is None:
        return f"all on this machine, {plan.cores} core{'s' if plan.cores > 1 else ''}"
    return f"workers on other machines, {plan.network.bandwidth * 8 / 1e9:g} Gbit/s, {plan.network.rtt * 1000:g} ms"


def _table(plan: CostModel, most: int) -> str:
    """Return the forecasts for 0, 1, 2, 3, 4, 6, 8, 12, 16, … workers, as far as there are parts for them."""
    most = min(most, plan.config.parts_per_step)  # others would have nothing to do
    shown = sorted({0, most, *(n for power in range(9) for n in (2**power, 3 * 2**power // 2) if n < most)})
    none = plan.forecast(0)
    lines = ["workers    ms a step   computing   link   coordinator, Redis   samples/s   speed-up"]
    for each in map(plan.forecast, shown):
        speed_up = each.samples_per_second / none.samples_per_second
        times = (each.seconds, each.compute, each.link, each.host)
        total, compute, link, host = (f"{1000 * seconds:.{2 if seconds < 0.1 else 0}f}" for seconds in times)
        lines.append(
            f"{each.workers:7}   {total:>10}   {compute:>9} {link:>6}   {host:>18}   "
            f"{each.samples_per_second:>9,.0f}   {speed_up:>8.2f}"
        )
    return "\n".join(lines)
