"""`gradmq plan`: will more workers help?"""

from typing import Any

import click

from coordinator.cli.command import Command
from coordinator.cli.option import CLUSTER, MODEL, in_section
from coordinator.cli.options.division import strategy_options
from coordinator.cli.options.learning import mini_batch_size_option
from coordinator.cli.options.model import arithmetic_options
from coordinator.cli.types import Read
from coordinator.options.configuration import to_strategy
from coordinator.planning.cost_model import CostModel, Link
from coordinator.planning.profiler import profile
from coordinator.planning.report import report
from coordinator.session import MOST_WORKERS
from shared.config import TrainConfig
from shared.environment import n_cores
from shared.errors import ConfigError
from shared.nn.arithmetic import one_thread, quiet

_LEAST_BANDWIDTH, _MOST_BANDWIDTH = 1e-6, 1e6  # Gbit/s: a kilobit, and a petabit
_MOST_RTT = 60_000  # ms: after a minute a worker counts as gone
_model = in_section(MODEL)
_cluster = in_section(CLUSTER)


@click.command("plan", short_help="Predict how fast a training is with more workers.", cls=Command)
@_model("--sizes", type=Read("sizes", "sizes"), default="784,30,10", help="Neurons of each layer, inputs first.")
@arithmetic_options
@mini_batch_size_option()
@strategy_options
@_cluster("--workers", type=int, default=16, help="The most to consider.")
@_cluster("--bandwidth", type=float, help="Gbit/s between Redis and the workers.  [default: 1, with --rtt]")
@_cluster("--rtt", type=float, help="Milliseconds there and back.  [default: 0.5, with --bandwidth]")
def plan_command(
    sizes: tuple[int, ...],
    arithmetic: str,
    dtype: str | None,
    mini_batch_size: int,
    workers: int,
    bandwidth: float | None,
    rtt: float | None,
    **given: Any,
) -> None:
    """Predict how fast a training is with more workers, before you rent machines.

    With --bandwidth or --rtt the workers are on other machines like this one; without, all are on this one. Without
    --local-steps, --replicas are those that would take them.
    """
    if not 1 <= workers <= MOST_WORKERS:
        raise ConfigError("workers", workers, f"must be between 1 and {MOST_WORKERS}")
    link = _link(bandwidth, rtt)
    replicas = given["replicas"]
    if replicas is not None and replicas < 1:
        raise ConfigError("replicas", replicas, "must be at least 1")
    if not given["local_steps"]:
        given["replicas"] = None
    config = TrainConfig(
        sizes=sizes,
        arithmetic=arithmetic,
        dtype=dtype or "",
        epochs=1,
        mini_batch_size=mini_batch_size,
        learning_rate=1.0,
        strategy=to_strategy({"arithmetic": arithmetic, "mini_batch_size": mini_batch_size, **given}),
    )
    with one_thread(), quiet():
        model = CostModel(config, profile(config), link, n_cores())
    click.echo(report(model, workers, replicas))


def _link(bandwidth: float | None, rtt: float | None) -> Link | None:
    """Return what is between the machines.  Raises ConfigError."""
    if bandwidth is None and rtt is None:
        return None
    bandwidth, rtt = 1.0 if bandwidth is None else bandwidth, 0.5 if rtt is None else rtt
    if not _LEAST_BANDWIDTH <= bandwidth <= _MOST_BANDWIDTH:
        rule = f"must be a number of Gbit/s from {_LEAST_BANDWIDTH:g} to {_MOST_BANDWIDTH:g}"
        raise ConfigError("bandwidth", bandwidth, rule)
    if not 0 <= rtt <= _MOST_RTT:
        raise ConfigError("rtt", rtt, f"must be a number of milliseconds from 0 to {_MOST_RTT}")
    return Link(bandwidth * 1e9 / 8, rtt / 1000)
