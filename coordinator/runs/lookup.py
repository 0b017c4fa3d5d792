"""Finding a model by what people call it: a file, a run's folder, or a run's id."""

from pathlib import Path

from coordinator.runs.model_file import Model, load_model
from coordinator.runs.run import Run


def find_model(path: Path, runs: Path = Path()) -> Model:
    """Return the model in a file; a folder stands for the model in it, a name for that of the run in `runs`.

    Raises ModelError for a file that is missing, damaged, or not one, and RunError for a run without a model.
    """
    if not path.exists() and is_run(runs / path):
        path = runs / path
    file = path / "model.npz" if path.is_dir() else path
    if is_run(path) and not file.exists():
        return Run.open(str(path), Path()).saved()  # which says how far the run is
    return load_model(file)


def is_run(path: Path) -> bool:
    """Tell whether that is a run's folder."""
    return (path / "config.json").is_file()
