"""The formats that a model can be exported to. A new one is a file here and a line in `FORMATS`."""

from pathlib import Path
from typing import Protocol

from coordinator.export.joblib_format import Joblib
from coordinator.export.onnx_format import Onnx
from coordinator.export.safetensors_format import Safetensors
from coordinator.export.torch_format import Torch
from coordinator.runs.atomic import write_whole
from shared.errors import ModelError
from shared.model import SavedModel


class Format(Protocol):
    """One way in which models are kept elsewhere."""

    extra: str  # of our package, that has what writing it needs

    def encode(self, model: SavedModel) -> bytes:
        """Return the file's content.

        Raises ImportError if what writes it is not installed, ModelError for a model that cannot be written that way.
        """
        ...


FORMATS: dict[str, Format] = {
    ".onnx": Onnx(),
    ".safetensors": Safetensors(),
    ".pt": Torch(),
    ".joblib": Joblib(),
}


def export(model: SavedModel, path: Path) -> None:
    """Write a model in the format that the file's ending says, whole or not at all.

    Raises ModelError for another ending, a model that cannot be written that way, or a library that is not installed,
    and OSError.
    """
    if path.suffix.lower() not in FORMATS:
        raise ModelError(f"{path} has none of the endings {', '.join(FORMATS)}; give one of these")
    form = FORMATS[path.suffix.lower()]
    try:
        content = form.encode(model)
    except ImportError as error:
        missing = error.name or form.extra
        raise ModelError(f"{path.suffix} needs {missing}: pip install 'gradmq[{form.extra}]'") from None
    write_whole(path, lambda file: file.write(content))
