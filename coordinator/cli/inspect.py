"""What there is to see of a run or a model: `gradmq evaluate` and `show`."""

from pathlib import Path

import click
import numpy as np

from coordinator.accounting import table
from coordinator.cli.options import data_option
from coordinator.reporting import lines
from coordinator.runs.lookup import find_model, is_run, model_file
from coordinator.runs.run import Run
from shared.config import join
from shared.data.dataset import load_dataset
from shared.errors import ModelError
from shared.nn.arithmetic import one_thread, quiet
from shared.nn.evaluation import evaluate as score_of


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@data_option
def evaluate(model: Path, data: Path) -> None:
    """Print how many of the test samples a model gets right.

    A run's folder stands for the model of its best epoch, or, if nothing was monitored, of its last.
    """
    found = find_model(model)
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
        correct = score_of(mlp, mlp.rounded(parameters), test).correct
    which = f" ({model_file(model).name})" if model.is_dir() else ""
    click.echo(f"accuracy is {correct}/{len(test)}{which}")


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
