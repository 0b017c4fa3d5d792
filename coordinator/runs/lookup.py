"""Finding a model by what people call it: a file, a run's folder, or a run's id."""

from pathlib import Path

from coordinator.runs.model_file import load_model
from coordinator.runs.run import RunFolder
from shared.model import SavedModel


def find_model(path: Path, runs: Path = Path()) -> SavedModel:
    """Return the model in a file, or that of a run (`path_of_model`).

    Raises ModelError for a file that is missing, damaged, or not one, and RunError for a run that has lost its model:
    another one of its own does not take that place.
    """
    file = path_of_model(path, runs)
    if file.name != "model.npz" or not is_run(file.parent):
        return load_model(file)
    run = RunFolder.open(str(file.parent), Path())
    if file != path:
        run.saved_best()  # raises if there was one, which then would be this run's model
    return run.saved()


def path_of_model(path: Path, runs: Path = Path()) -> Path:
    """Return a model's file: of a run, given by its folder or its id in `runs`, that of its best epoch.

    If none was chosen it is that of its last.
    """
    path = place_of(path, runs)
    if not path.is_dir():
        return path
    best = path / "best.npz"
    return best if best.is_file() else path / "model.npz"


def place_of(path: Path, runs: Path) -> Path:
    """Return the folder of a run that is given by its id in `runs`; any other path as it is."""
    return runs / path if not path.exists() and is_run(runs / path) else path


def is_run(path: Path) -> bool:
    """Tell whether that is a run's folder."""
    return (path / "config.json").is_file()
