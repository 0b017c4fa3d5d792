"""A trial: values of the options that vary, one run or a run for each fold, and what came of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

from coordinator.runs.places import Place
from coordinator.sweeps.methods import Tried
from coordinator.sweeps.space import Values
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.data.folds import Fold
from shared.training.whole_run import Learned
from shared.typed import typed

FINISHED, PRUNED, FAILED = "finished", "pruned", "failed"


class Prepared(NamedTuple):
    """What a run of a trial is computed of."""

    config: TrainConfig
    dataset: Dataset  # what it learns from
    whole: Dataset  # of which that is a fold, or the first samples
    path: Path  # where that is


class GivenRun(NamedTuple):
    """A run that is to be computed."""

    name: str  # of its folder
    prepared: Prepared
    fold: Fold | None
    least: Mapping[int, float]  # see `shared.training.whole_run`


class Ended(NamedTuple):
    """A run that has ended."""

    name: str
    learned: Learned | None = None  # None: it failed
    reason: str = ""  # why
    place: Place | None = None  # where it was computed; None: here


@dataclass
class Trial:
    """What is recorded of a trial: a line of trials.jsonl."""

    trial: int  # its number, from 0
    values: Values
    state: str  # one of the three above
    score: float | None = None  # what is monitored, of the best epoch; of folds in the mean.  None: it failed
    scores: list[float] = field(default_factory=list)  # of each run
    epochs: list[int] = field(default_factory=list)  # how many each run had
    best_epochs: list[int] = field(default_factory=list)  # the number of each run's best
    seconds: float = 0.0  # of all runs
    course: list[float] = field(default_factory=list)  # of one run, the best so far after each epoch; higher is better
    runs: list[str] = field(default_factory=list)  # the folders' names
    weights_sha256: list[str] = field(default_factory=list)  # of each run, after its last epoch
    reason: str = ""  # why it failed

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Rebuild a trial.  Raises ValueError for anything else."""
        trial = typed(cls, fields)
        if trial.state not in (FINISHED, PRUNED, FAILED):
            raise ValueError("no trial")
        return trial

    def tried(self, sign: int) -> Tried:
        """Return what methods are told of it.  sign: 1: the higher its score the better; -1: the lower."""
        score = None if self.score is None else sign * self.score
        return Tried(self.values, score, self.state == PRUNED, tuple(self.course))


def run_name(trial: int, fold: Fold | None) -> str:
    """Return the name of a run's folder."""
    return f"trial-{trial:04}" + ("" if fold is None else f"-fold-{fold.number}")
