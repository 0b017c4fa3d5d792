"""Model files: W_1, b_1, W_2, b_2, … in an .npz without pickles."""

import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from shared.errors import ModelError
from shared.parameters import Parameters

_LIMIT = 2 * 2**30  # bytes of arrays that are worth trying to hold in memory


def save_model(path: Path, parameters: Parameters) -> None:
    """Write the model; whoever reads meanwhile, or after a crash, finds the old file or the new one, whole."""
    arrays: dict[str, Any] = {}
    for layer, (w, b) in enumerate(zip(parameters.weights, parameters.biases, strict=True), start=1):
        arrays |= {f"W_{layer}": w, f"b_{layer}": b}
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_model(path: Path) -> Parameters:
    """Read a model.  Raises ModelError for a file that is missing, damaged, or not one."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > _LIMIT:
            raise ModelError(f"{path} unpacks to {size} bytes, more than the {_LIMIT} that can be read")
        with np.load(path, allow_pickle=False) as arrays:
            return _parameters({name: arrays[name] for name in arrays.files})
    except ModelError:
        raise
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}; give the model.npz of a run") from None
    # Damage can surface as nearly any error of zipfile's or NumPy's.
    except Exception as error:
        raise ModelError(f"{path} is not a model of GradMQ ({error}); give the model.npz of a run") from None


def _parameters(arrays: dict[str, Any]) -> Parameters:
    n_layers = len(arrays) // 2
    if not n_layers or set(arrays) != {f"{kind}_{layer}" for kind in "Wb" for layer in range(1, n_layers + 1)}:
        raise ValueError(f"it holds {', '.join(sorted(arrays)[:6]) or 'nothing'}")
    first = arrays["W_1"]
    if first.ndim != 2 or first.dtype not in (np.float32, np.float64):
        raise ValueError(f"W_1 is {first.dtype} {first.shape}")
    sizes = [first.shape[1], *(len(arrays[f"b_{layer}"]) for layer in range(1, n_layers + 1))]
    parameters = Parameters(sizes, first.dtype)
    for layer in range(n_layers):
        for name, target in (
            (f"W_{layer + 1}", parameters.weights[layer]),
            (f"b_{layer + 1}", parameters.biases[layer]),
        ):
            source = arrays[name]
            if source.shape != target.shape or source.dtype != target.dtype:
                raise ValueError(f"{name} is {source.dtype} {source.shape}, not {target.dtype} {target.shape}")
            target[...] = source
    if not np.isfinite(parameters.flat).all():
        raise ValueError("it contains values that are not finite")
    return parameters
