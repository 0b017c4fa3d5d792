"""What there is to see of a run or a model: `gradmq evaluate`, `show` and `verify`."""

from contextlib import ExitStack
from pathlib import Path

import click
import numpy as np
from threadpoolctl import threadpool_limits

from coordinator.accounting import table
from coordinator.cli.options import Epochs, data_option, log_format_option, own_data_option, runs_option
from coordinator.reporting.progress_bar import Progress, results, start_logging
from coordinator.runs.model_file import load_model
from coordinator.runs.run import Run
from coordinator.runs.verify import verify as recompute
from shared import logs
from shared.config import join
from shared.data.dataset import find_dataset, load_dataset
from shared.errors import ConfigError, ModelError
from shared.nn.parameters import Parameters
from shared.parallel.sgd import count_correct

_DIFFERENT = 1  # exit code of a run that does not come out as it was recorded


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@data_option
def evaluate(model: Path, data: Path) -> None:
    """Print how many of the test samples a model gets right."""
    parameters = _load(model)
    test = load_dataset(data).test
    if (parameters.sizes[0], parameters.sizes[-1]) != (test.n_inputs, test.n_classes):
        raise ModelError(
            f"{model} has layers {join(parameters.sizes)}, but the data has {test.n_inputs} inputs "
            f"and {test.n_classes} classes; give --data what the model was trained on"
        )
    with threadpool_limits(1):
        correct = count_correct(parameters, test)
    click.echo(f"accuracy is {correct}/{len(test)}")


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
def show(model: Path) -> None:
    """Print a model's layers, weights and biases."""
    parameters = _load(model)
    click.echo("Neural Net:")
    click.echo(f"Number of layers: {len(parameters.sizes)}")
    for layer, size in enumerate(parameters.sizes):
        click.echo(f"Number of neurons in a layer {layer} : {size}")
    for layer, (w, b) in enumerate(zip(parameters.weights, parameters.biases, strict=True), start=1):
        click.echo(f"W_{layer} :\n{np.round(w, 2)}")
        click.echo(f"b_{layer} :\n{np.round(b, 2)}")
    click.echo(f"dtype: {parameters.dtype.name}")
    click.echo(f"weights_sha256: {parameters.sha256}")
    if _is_run(model):
        run = Run.open(str(model), Path())
        click.echo(table(run.counts_of_epochs))
        if run.damaged_line:
            click.echo(f"line {run.damaged_line} of metrics.jsonl is no epoch's; these are the books up to there")


def _load(path: Path) -> Parameters:
    """Return the model in a file; a folder stands for the model in it."""
    file = path / "model.npz" if path.is_dir() else path
    if _is_run(path) and not file.exists():
        return Run.open(str(path), Path()).saved()  # which says how far the run is
    return load_model(file)


def _is_run(path: Path) -> bool:
    return (path / "config.json").is_file()


@click.command()
@click.argument("name", metavar="RUN")
@click.option(
    "--epochs", type=Epochs(), help="Compare only these, like 0..4; those before are recomputed all the same."
)
@own_data_option
@runs_option
@log_format_option
@click.pass_context
def verify(
    ctx: click.Context, name: str, epochs: tuple[int, int] | None, data: Path | None, runs: Path, log_format: str
) -> None:
    """Recompute a run in this process and compare it, epoch by epoch, with what was recorded."""
    logs.set_log_format(log_format)
    start_logging()
    run = Run.open(name, runs)
    data = find_dataset(data or run.data_path)
    dataset = load_dataset(data)
    run.check_data(data, dataset)
    first, last = epochs or (0, None)
    if last is not None and last >= len(run.metrics):
        raise ConfigError(f"--epochs {first}..{last} goes beyond the run's {len(run.metrics)} finished epochs")
    compared = 0
    n_training = len(dataset.training)
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))
        stack.enter_context(np.errstate(all="ignore"))
        bar = Progress(n_training, run.config.steps_per_epoch(n_training), run.config.epochs)
        for epoch, what, difference in recompute(run, dataset, last, stack.enter_context(bar)):
            if epoch >= first:
                results.info(f"Epoch {epoch}: {what}: {difference or 'identical'}")
                compared += 1
            if difference and epoch >= first:
                ctx.exit(_DIFFERENT)
    results.info(f"run {run.id}: all {compared} comparisons are identical, to the last bit")
