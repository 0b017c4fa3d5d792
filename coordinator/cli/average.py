"""`gradmq average`: one model of several."""

from dataclasses import replace
from pathlib import Path

import click

from coordinator.cli.command import Command
from coordinator.cli.names import RunOrModel
from coordinator.cli.option import OUTPUT, in_section
from coordinator.cli.options.output import runs_option
from coordinator.runs.lookup import find_model
from coordinator.runs.model_file import save_model
from shared.errors import ModelError
from shared.model import SavedModel
from shared.nn.averaging import mean

_output = in_section(OUTPUT)


@click.command(short_help="Average the weights of several models.", cls=Command)
@click.argument("models", metavar="MODEL MODEL...", type=RunOrModel(), nargs=-1, required=True)
@_output("--output", type=click.Path(path_type=Path), required=True, help="File of the new model.")
@runs_option
def average(models: tuple[Path, ...], output: Path, runs: Path) -> None:
    """Write a model whose weights are the mean of those of several models of the same network.

    A MODEL is a file, or a run. Their order does not matter, to the last bit. A mean is of use where the models have a
    common beginning, as runs with --from or stages of one run have; of others it is no better than noise.
    """
    if len(models) < 2:
        raise click.UsageError("a mean is of two models at least; give more")
    found = [find_model(path, runs) for path in models]
    first = found[0]
    for path, model in zip(models, found, strict=True):
        if _network(model) != _network(first):
            raise ModelError(
                f"{path} is not of the network of {models[0]}: {_difference(model, first)}; give one that is"
            )
    try:
        new = replace(first, parameters=mean([model.parameters for model in found]))
    except OverflowError:
        raise ModelError("the sum of these weights is too large for float64; give models that are trained") from None
    save_model(output, new)
    click.echo(f"weights_sha256 {new.parameters.sha256}\nmodel: {output}")


def _network(model: SavedModel) -> dict[str, object]:
    """Return what models must have in common: all but their weights."""
    parameters = {"sizes": model.parameters.sizes, "dtype": model.parameters.dtype.name}
    return parameters | {name: value for name, value in vars(model).items() if name != "parameters"}


def _difference(model: SavedModel, other: SavedModel) -> str:
    theirs = _network(other)
    return next(
        f"its {name} is {ours}, not {theirs[name]}" for name, ours in _network(model).items() if ours != theirs[name]
    )
