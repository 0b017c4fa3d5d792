"""Options of who computes, and where the queue is."""

import click

from coordinator.cli.option import CLUSTER, Option, group, in_section
from coordinator.session import AUDITORS
from shared.messaging import addresses

_option = in_section(CLUSTER)


def _address(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse an empty address: a variable of the shell that is not set must not mean another Redis than was meant."""
    if value == "":
        raise click.BadParameter("'' is no address; give one like redis://host:port/db, or leave the option out")
    return value


class AddressOption(Option):
    """An option whose variable of the environment may also be given as the name of a file: NAME_FILE."""

    def read(self, variable: str) -> str | None:
        """Raise AddressError as `addresses.variable` does."""
        return addresses.variable(variable)


redis_option = _option(
    *("--redis", "redis_address"),
    cls=AddressOption,
    envvar=addresses.REDIS,
    callback=_address,
    help="Address of the Redis to use.",
)
broker_option = _option(
    *("--broker", "broker_address"),
    cls=AddressOption,
    envvar=addresses.BROKER,
    callback=_address,
    help="Celery's broker, if it is not that Redis.",
)
cluster_options = group(
    _option("--workers", type=int, help="Local workers; 0: none, in this process.  [default: one a core]"),
    redis_option,
    broker_option,
    _option(
        "--batches-per-task",
        type=int,
        help="Mini-batches (with local steps, averages) of a Celery task.  [default: a second of work]",
    ),
    _option(
        "--audit",
        type=float,
        default=0.0,
        help="Share of the replies that are computed again and compared.",
    ),
    _option(
        "--audit-by",
        type=click.Choice(AUDITORS),
        default=AUDITORS[0],
        help="Who computes them again.",
    ),
    _option("--flower", "flower_port", type=click.IntRange(1, 65535), help="Show Flower on this port of 127.0.0.1."),
)
