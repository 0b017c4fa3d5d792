"""`gradmq export`: a model as a file that other programs read."""

from dataclasses import replace
from pathlib import Path

import click

from coordinator.cli.command import Command
from coordinator.cli.names import RunOrModel
from coordinator.cli.option import MODEL, in_section
from coordinator.cli.options.output import runs_option
from coordinator.export.formats import FORMATS, export
from coordinator.runs.lookup import find_model
from shared.config import join
from shared.errors import ModelError
from shared.model import SavedModel
from shared.nn.arithmetic.native import Native
from shared.nn.evaluation import is_finite

_model = in_section(MODEL)


@click.command("export", short_help="Write a model as ONNX, safetensors, PyTorch or joblib.", cls=Command)
@click.argument("model", metavar="RUN|MODEL", type=RunOrModel())
@click.argument("file", metavar=f"FILE{'|'.join(FORMATS)}", type=click.Path(path_type=Path))
@_model(
    "--dtype",
    type=click.Choice(list(Native.dtypes)),
    help="Of the weights, and of what is computed with them in plain arithmetic.  [default: as the model computes]",
)
@runs_option
def export_command(model: Path, file: Path, dtype: str | None, runs: Path) -> None:
    """Write a model as a file that other programs read: which one, its ending says.

    A run's folder stands for the model of its best epoch, or, if nothing was monitored, of its last.
    """
    found = find_model(model, runs)
    if dtype is not None:
        found = _plain(found, dtype)
    export(found, file)
    click.echo(f"{file}: {join(found.parameters.sizes)}, {found.arithmetic} arithmetic, {found.parameters.dtype.name}")


def _plain(model: SavedModel, dtype: str) -> SavedModel:
    """Return the model in native arithmetic of that dtype, with the weights that it computes with.

    Raises ModelError if that dtype cannot hold them.
    """
    parameters = model.mlp().rounded(model.parameters).converted(dtype)
    if not is_finite(parameters.flat):
        raise ModelError(f"a weight of the model is too large for {dtype}; leave --dtype out")
    return replace(model, parameters=parameters, arithmetic="native")
