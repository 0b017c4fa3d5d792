"""`gradmq publish`: a model for whoever calls the workers' task `gradmq.predict`."""

from contextlib import closing
from pathlib import Path

import click

from coordinator.cli.command import Command
from coordinator.cli.names import RunOrModel
from coordinator.cli.option import CLUSTER, in_section
from coordinator.cli.options.cluster import redis_option
from coordinator.cli.options.output import runs_option
from coordinator.runs.lookup import find_model
from shared.messaging.addresses import redis_url, shown
from shared.messaging.predictions import PREDICT_TASK

_DAY = 86_400  # seconds
_cluster = in_section(CLUSTER)


@click.command("publish", short_help="Put a model into Redis, for other programs to call.", cls=Command)
@click.argument("model", metavar="RUN|MODEL", type=RunOrModel())
@_cluster("--name", required=True, help="By which it is called. A model that had the name before gives it up.")
@_cluster("--days", type=click.FloatRange(0, 3650, min_open=True), default=7, help="How many days it stays.")
@redis_option
@runs_option
def publish_command(model: Path, name: str, days: float, redis_address: str | None, runs: Path) -> None:
    """Put a model into Redis, where every worker finds it that is asked for it by Celery's task gradmq.predict."""
    from coordinator.cluster.preflight import check_redis  # see coordinator.session
    from shared.messaging.client import client
    from shared.transport.models import publish

    url = redis_url(redis_address)
    found = find_model(model, runs)
    check_redis(url)
    with closing(client(url)) as redis:
        publish(redis, found, name, max(1, round(days * _DAY)))
    click.echo(f"{name}: {found.digest} at {shown(url)} for {days:g} days; the task is {PREDICT_TASK}")
