"""Model files: what `shared.model.pack` makes of a model, in an .npz without pickles."""

from pathlib import Path

import numpy as np

from coordinator.runs.atomic import write_whole
from shared.archive import read_arrays
from shared.errors import ModelError
from shared.model import SavedModel, pack, unpack


def save_model(path: Path, model: SavedModel) -> None:
    """Write the model; whoever reads meanwhile, or after a crash, finds the old file or the new one, whole."""
    write_whole(path, lambda file: np.savez(file, **pack(model)))


def load_model(path: Path) -> SavedModel:
    """Read a model.  Raises ModelError for a file that is missing, damaged, or not one."""
    try:
        return unpack(read_arrays(path))
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}; give the model.npz of a run") from None
    # Damage can surface as nearly any error of zipfile's or NumPy's.
    except Exception as error:
        raise ModelError(f"{path} is not a model of GradMQ ({error}); give the model.npz of a run") from None
