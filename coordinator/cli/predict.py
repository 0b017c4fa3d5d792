"""`gradmq predict`: what a model answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import click

from coordinator.cli.command import Command
from coordinator.cli.names import RunOrModel
from coordinator.cli.option import CLUSTER, OUTPUT, in_section
from coordinator.cli.options.cluster import broker_option
from coordinator.cli.options.output import runs_option
from coordinator.prediction.answers_file import lines
from coordinator.prediction.given import Fit, Given, given
from coordinator.prediction.local import local_answers
from coordinator.prediction.pictures import FITS
from coordinator.reporting.png import write_png
from coordinator.reporting.seen import sheet
from coordinator.runs.atomic import write_whole
from coordinator.runs.lookup import find_model
from shared.logs import masked
from shared.messaging.addresses import redis_url
from shared.model import SavedModel
from shared.nn.prediction import Answers
from shared.types import Array

_output = in_section(OUTPUT)
_picture = in_section("Pictures")
_cluster = in_section(CLUSTER)


@click.command("predict", short_help="Print what a model answers to a table, an array or pictures.", cls=Command)
@click.argument("model", metavar="RUN|MODEL", type=RunOrModel())
@click.argument("path", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@_output("-o", "--output", type=click.Path(path_type=Path), help="A CSV to write instead of printing.")
@_output("--probabilities", is_flag=True, help="Add the network's outputs, a column for each class.")
@_picture(
    "--fit",
    type=click.Choice(FITS),
    help="Of a picture: look for a digit, cut it out and centre it as MNIST's were, or take all of it.  [default: "
    "digit, if the model knows no other pictures]",
)
@_picture(
    "--invert/--no-invert", default=None, help="Whether what counts is darker than the paper.  [default: as it seems]"
)
@_picture("--show", type=click.Path(path_type=Path), help="A PNG to write: the pictures as the network saw them.")
@_cluster(
    *("--redis", "redis_address"),
    metavar="URL",
    help="Have the workers at this Redis compute: for large files. The bits are the same.",
)
@_cluster("--queue", is_flag=True, help="The same, at the Redis that GRADMQ_REDIS_URL names.")
@broker_option
@runs_option
def predict_command(
    model: Path,
    path: Path,
    output: Path | None,
    probabilities: bool,
    fit: str | None,
    invert: bool | None,
    show: Path | None,
    redis_address: str | None,
    queue: bool,
    broker_address: str | None,
    runs: Path,
) -> None:
    """Print what a model answers to each sample of a file, in CSV: its class, or the numbers that are predicted.

    A run's folder stands for the model of its best epoch, or, if nothing was monitored, of its last. Samples are in a
    CSV with the columns of the training, in an .npy or .npz, or they are pictures.
    """
    found = find_model(model, runs)
    samples = given(path, found, Fit(fit, invert))
    if show is not None:
        _show(samples, show)
    batches = samples.batches(found)
    if queue or redis_address is not None:
        answers = _remote(found, redis_address, broker_address, batches)
    else:
        answers = local_answers(found, batches)
    text = lines(found, samples.names, answers, probabilities)
    if output is None:
        for piece in text:
            click.echo(piece, nl=False)
        return
    write_whole(output, lambda file: _write(file, text))
    click.echo(f"{output}: {len(samples)} predictions")


def _remote(model: SavedModel, address: str | None, broker: str | None, batches: Iterator[Array]) -> Iterator[Answers]:
    """Return answers that workers compute.  Raises QueueError unless Redis and the broker are there."""
    from coordinator.cluster.preflight import check_broker, check_redis  # see coordinator.session
    from coordinator.prediction.remote import RemoteAnswers

    url = redis_url(address)
    check_redis(url)
    if broker is not None:
        check_broker(broker)
    return RemoteAnswers(model, url, broker, lambda line: click.echo(f"gradmq: {masked(line)}", err=True)).answers(
        batches
    )


def _show(samples: Given, file: Path) -> None:
    if not samples.names:
        raise click.UsageError("--show goes with pictures; leave it out")
    write_png(file, sheet(samples.samples))


def _write(file: IO[bytes], text: Iterator[str]) -> None:
    for piece in text:
        file.write(piece.encode())
