"""What there is to see of a run or a model: `gradmq evaluate` and `show`."""

import math
from pathlib import Path

import click
import numpy as np

from coordinator.accounting import table
from coordinator.cli.options import data_option
from coordinator.cli.types import Deformations
from coordinator.reporting import lines
from coordinator.runs.lookup import find_model, is_run, model_file
from coordinator.runs.run import Run
from shared.config import join
from shared.data.augment.copies import with_copies
from shared.data.augment.deformation import Deformer
from shared.data.augment.options import Augmentation
from shared.data.dataset import load_dataset
from shared.data.samples import LabelledSamples
from shared.errors import DataError, ModelError
from shared.nn.arithmetic import one_thread, quiet
from shared.nn.evaluation import count_correct_by_vote
from shared.nn.evaluation import evaluate as score_of

_COPIES = 8  # of each sample, if they are asked for


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@data_option
@click.option(
    "--augment",
    type=Deformations(),
    metavar="DEFORMATIONS",
    help="Take the mean of the outputs for each sample and deformed copies of it, like elastic=3.6,rotate=9.",
)
@click.option("--copies", type=click.IntRange(1, 1000), help="How many of each sample.  [default: 8]")
def evaluate(model: Path, data: Path, augment: Augmentation | None, copies: int | None) -> None:
    """Print how many of the test samples a model gets right.

    A run's folder stands for the model of its best epoch, or, if nothing was monitored, of its last.
    """
    if copies is not None and augment is None:
        raise click.UsageError("--copies goes with --augment; give how they are deformed, like elastic=3.6,rotate=9")
    found, n_copies = find_model(model), copies or _COPIES
    parameters = found.parameters
    test = load_dataset(data).test
    if (parameters.sizes[0], parameters.sizes[-1]) != (test.n_inputs, test.n_classes):
        raise ModelError(
            f"{model} has layers {join(parameters.sizes)}, but the data has {test.n_inputs} inputs "
            f"and {test.n_classes} classes; give --data what the model was trained on"
        )
    test.check_inputs(found.arithmetic)
    with one_thread(), quiet():
        mlp = found.mlp()
        layers = mlp.rounded(parameters)
        if augment is None:
            correct, how = score_of(mlp, layers, test).correct, ""
        else:
            versions = with_copies(test, Deformer(augment, *_image_size(test)), n_copies, mlp.inputs)
            correct = count_correct_by_vote(mlp, layers, test.labels, versions)
            how = f", with deformed copies of each: {n_copies} ({augment})"
    which = f" ({model_file(model).name})" if model.is_dir() else ""
    click.echo(f"accuracy is {correct}/{len(test)}{which}{how}")


def _image_size(samples: LabelledSamples) -> tuple[int, int]:
    """Return height and width.  Raises DataError if the samples are no square images."""
    side = math.isqrt(samples.n_inputs)
    if side * side != samples.n_inputs:
        raise DataError(f"samples of {samples.n_inputs} inputs are no square images; leave --augment out")
    return side, side


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
def show(model: Path) -> None:
    """Print a model's layers, weights and biases."""
    found = find_model(model / "model.npz" if model.is_dir() else model)
    parameters = found.parameters
    click.echo("Neural Net:")
    click.echo(f"Number of layers: {len(parameters.sizes)}")
    for layer, size in enumerate(parameters.sizes):
        click.echo(f"Number of neurons in a layer {layer} : {size}")
    for layer, (w, b) in enumerate(zip(parameters.weights, parameters.biases, strict=True), start=1):
        click.echo(f"W_{layer} :\n{np.round(w, 2)}")
        click.echo(f"b_{layer} :\n{np.round(b, 2)}")
    click.echo(f"arithmetic: {found.arithmetic}")
    click.echo(f"dtype: {parameters.dtype.name}")
    click.echo(f"weights_sha256: {parameters.sha256}")
    if is_run(model):
        run = Run.open(str(model), Path())
        for place in run.places:
            click.echo(f"computed on: {place}")
        if run.metrics:
            click.echo(lines.table(run.config, run.metrics))
        click.echo(table(run.ledger))
        if run.damaged_line:
            click.echo(f"line {run.damaged_line} of metrics.jsonl is no epoch's; this is the ledger up to there")
