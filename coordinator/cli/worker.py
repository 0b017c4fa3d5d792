"""`gradmq worker`: one worker process."""

import logging
import os
from contextlib import suppress
from pathlib import Path

import click

from coordinator.cli.command import Command
from coordinator.cli.option import OUTPUT, group, in_section
from coordinator.cli.options.cluster import broker_option, redis_option
from coordinator.cli.options.output import endpoint_options, log_format_option
from coordinator.cluster.commands import worker_command
from coordinator.reporting.log_handlers import start_logging
from shared import logs
from shared.data.dataset import DEFAULT_DATA, find_dataset
from shared.errors import DataError
from shared.machine_memory import VARIABLE
from shared.messaging.addresses import CELERYS_OWN, name_addresses, redis_url
from shared.metrics_endpoint import check_endpoint

_LOG_LEVELS = ("debug", "info", "warning", "error")

log = logging.getLogger("coordinator")

_worker = in_section("Worker")
_output = in_section(OUTPUT)


@click.command("worker", short_help="Run one worker process.", cls=Command)
@redis_option
@broker_option
@_worker("--name", help="Name in Flower; %h is the host.  [default: worker, the process's number, @%h]")
@_worker(
    "--threads",
    type=click.IntRange(1, 1024),
    envvar="GRADMQ_THREADS",
    default=1,
    help="Of BLAS, in exact runs: there they change the time and never the bits. Native runs have one.",
)
@_worker(
    "--memory",
    type=click.FloatRange(0, min_open=True),
    envvar=VARIABLE,
    metavar="GIB",
    help="Refuse what takes more.  [default: all that the machine has, or the container]",
)
@group(*endpoint_options)
@_output(
    "--log-level",
    type=click.Choice(_LOG_LEVELS),
    envvar="GRADMQ_LOG_LEVEL",
    default="info",
    help="Tell of events of this level and above.",
)
@log_format_option
def worker(
    redis_address: str | None,
    broker_address: str | None,
    name: str | None,
    threads: int,
    memory: float | None,
    metrics_port: int | None,
    metrics_host: str,
    log_level: str,
    log_format: str,
) -> None:
    """Run one worker process, like `celery -A worker worker` with the settings that suit us."""
    from coordinator.cluster.preflight import UnreachableError, check_redis, check_transport  # see coordinator.session

    logs.set_log_format(log_format)
    start_logging()
    address = redis_url(redis_address)
    try:
        check_redis(address)
    except UnreachableError as error:
        log.warning("%s; trying until it is there", error)
    os.environ["GRADMQ_THREADS"] = str(threads)
    if memory is not None:
        os.environ[VARIABLE] = str(memory)
    if metrics_port is not None:
        check_endpoint(metrics_host, metrics_port)
        os.environ.update(GRADMQ_METRICS_PORT=str(metrics_port), GRADMQ_METRICS_HOST=metrics_host)
    if broker_address is not None:
        check_transport(broker_address)
    name_addresses(os.environ, address, broker_address)
    for variable in CELERYS_OWN:  # another app's
        os.environ.pop(variable, None)
    # Celery will look for our app in its own folder, not in this one.
    with suppress(DataError):  # a worker needs no samples of its own
        os.environ["GRADMQ_DATA"] = str(find_dataset(Path(os.environ.get("GRADMQ_DATA") or DEFAULT_DATA)).absolute())
    # Celery and Flower take two workers of one name for one.
    command = worker_command(name or f"worker{os.getpid()}@%h", log_level)
    os.execv(command[0], command)
