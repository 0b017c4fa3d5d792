"""Small sweeps of a table of flowers, and runs of them."""

from pathlib import Path

from coordinator.api.trial_options import TrialOptions
from coordinator.sweeps.definition import Definition
from coordinator.sweeps.folder import SweepFolder
from coordinator.sweeps.trials import GivenRun, run_name
from shared.data.folds import Fold
from tests.support.mnist import PROJECT

IRIS = PROJECT / "examples" / "iris.csv"
FIXED = f'data = "{IRIS}"\ntarget = "species"\nhidden = [4]\nepochs = 2\n'
SPACE = """[search]
learning-rate = {low = 0.001, high = 1.0, log = true}
activation = ["relu", "tanh"]
"""


def sweep_of(runs: Path, sweep: str, space: str = SPACE, fixed: str = FIXED) -> SweepFolder:
    content = f"{fixed}{space}[sweep]\n{sweep}\n".encode()
    return SweepFolder.create(runs, Definition.parse(content, "sweep.toml"), content)


def given_run(number: int = 0, fold: Fold | None = None, least: dict[int, float] | None = None) -> GivenRun:
    """A run that is to be computed."""
    definition = Definition.parse(f"{FIXED}{SPACE}[sweep]\n".encode(), "sweep.toml")
    prepared = TrialOptions(definition, Path("sweep.toml")).prepared({"learning-rate": 0.01}, fold)
    return GivenRun(run_name(number, fold), prepared, least or {})
