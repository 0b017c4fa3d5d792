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
from shared.data.parts import Part
from shared.errors import DataError
from shared.training.whole_run import Learned
from shared.typed import typed

# LOST: whoever computed it was lost, for which the trial is not to blame; a sweep that goes on tries it again.
FINISHED, PRUNED, FAILED, LOST = "finished", "pruned", "failed", "lost"
STATES = (FINISHED, PRUNED, FAILED, LOST)
MOST = 2**64  # below which whole numbers among values are: seeds


class NoDataError(DataError):
    """The samples of a sweep cannot be had, so that no trial would do better."""


class Prepared(NamedTuple):
    """What a run of a trial is computed of."""

    config: TrainConfig
    whole: Dataset  # which trials share
    fold: Fold | None  # of its training samples, for validation
    path: Path  # where that is

    def dataset(self) -> Dataset:
        """Return what it learns from.  A fold is a copy, made anew for who asks: there may be many runs at once."""
        return self.whole.folded(self.fold, self.config.seed).first(self.config.train_samples)

    @property
    def sizes(self) -> "Sizes":
        """How many samples that has, which is known without a copy."""
        n, n_validation = len(self.whole.training), len(self.whole.validation)
        if self.fold is not None:
            n_validation = self.fold.size(n)
            n -= n_validation
        return Sizes(min(n, self.config.train_samples or n), n_validation, len(self.whole.test))


class Sizes(NamedTuple):
    """How many samples there are of each part."""

    training: int
    validation: int
    test: int


class WantedRun(NamedTuple):
    """A run that is to be computed."""

    name: str  # of its folder
    prepared: Prepared
    least: Mapping[int, float]  # see `shared.training.whole_run`


class Ended(NamedTuple):
    """A run that has ended."""

    name: str
    learned: Learned | None = None  # None: nothing
    reason: str = ""  # why not
    is_lost: bool = False  # because of who computed it
    place: Place | None = None  # where it was computed; None: here


@dataclass
class Trial:
    """What is recorded of a trial: a line of trials.jsonl."""

    trial: int  # its number, from 0
    values: Values
    state: str  # of `STATES`
    score: float | None = None  # what is monitored, of the best epoch; of folds in the mean.  None: it failed, is lost
    scores: list[float] = field(default_factory=list)  # of each run
    epochs: list[int] = field(default_factory=list)  # how many each run had
    best_epochs: list[int] = field(default_factory=list)  # the number of each run's best
    seconds: float = 0.0  # of all runs
    course: list[float] = field(default_factory=list)  # of one run, the best so far after each epoch; higher is better
    runs: list[str] = field(default_factory=list)  # the folders' names
    weights_sha256: list[str] = field(default_factory=list)  # of each run, after its last epoch
    reason: str = ""  # why it has no score

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Rebuild a trial.  Raises ValueError for anything else."""
        trial = typed(cls, fields, MOST)
        if trial.state not in STATES or (trial.score is not None) != (trial.state in (FINISHED, PRUNED)):
            raise ValueError("no trial")
        return trial

    def tried(self, sign: int) -> Tried:
        """Return what methods are told of it.  sign: 1: the higher its score the better; -1: the lower."""
        score = None if self.score is None else sign * self.score
        return Tried(self.values, score, self.state == PRUNED, tuple(self.course))


def digests_of(data: Dataset) -> list[str]:
    """Return what names the samples of a data set, part by part."""
    return [data.part(part).sha256 for part in Part]


def run_name(trial: int, fold: Fold | None) -> str:
    """Return the name of a run's folder."""
    return f"trial-{trial:04}" + ("" if fold is None else f"-fold-{fold.number}")
