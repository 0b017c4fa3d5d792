"""How a data set is to be read: what its path does not tell."""

import math
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from shared.data.folds import Fold
from shared.data.new_encoding import IMPUTATIONS
from shared.errors import ConfigError
from shared.typed import typed

TASKS = {
    "classes": "one of several classes",
    "numbers": "numbers, which is regression",
    "labels": "any of several labels, each 0 or 1",
}
SCALES = {
    "columns": "each column by its own mean and deviation",
    "none": "numbers stay as they are, between -1 and 1",
}
TEST, VALIDATION = 0.2, 0.1  # shares of the samples that are taken where the data has no such part


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Options of `train` about its data; what is None is as the data needs it."""

    target: tuple[str, ...] = ()  # the columns to be predicted; or a file of labels
    ignore: tuple[str, ...] = ()  # columns that are no inputs
    task: str | None = None  # of TASKS
    test: float | Path | None = None  # share of the samples, or where other samples are
    validation: float | Path | None = None
    stratify: bool | None = None  # whether each class has its share in each part; None: where there are classes
    impute: str | None = None  # of IMPUTATIONS; None: missing values are refused
    scale: str | None = None  # of SCALES: each column by its own mean and deviation, or not at all
    image_size: tuple[int, int] | None = None  # height and width that images are scaled to; None: they have one
    fold: Fold | None = None  # of the training samples, which is for validation instead of all others
    is_for_test: bool = False  # whether samples that are not divided are all test samples

    def __post_init__(self) -> None:
        """Check each option by itself.  Raises ConfigError."""
        for name in ("test", "validation"):
            share = getattr(self, name)
            if isinstance(share, float) and not (math.isfinite(share) and 0 <= share < 1):
                raise ConfigError(name, f"{share:g}", "must be a share from 0 to below 1", "or a file of samples")
        if self.share("test") + self.share("validation") >= 1:
            raise ConfigError("validation", self.validation, "leaves nothing to learn from beside the test samples")
        for name, known in (("task", TASKS), ("impute", IMPUTATIONS), ("scale", SCALES)):
            if getattr(self, name) is not None and getattr(self, name) not in known:
                raise ConfigError(name, getattr(self, name), f"must be one of {', '.join(known)}")

        if self.image_size is not None and (len(self.image_size) != 2 or min(self.image_size) < 1):
            raise ConfigError("image_size", ",".join(map(str, self.image_size)), "must be a height and a width")

    def share(self, part: str) -> float:
        """Return which share of the samples is for that part, "test" or "validation": 0 if it has a file of its own."""
        given = getattr(self, part)
        if isinstance(given, Path) or self.is_for_test:
            return 0.0
        return (TEST if part == "test" else VALIDATION) if given is None else float(given)

    @property
    def for_test(self) -> "DataOptions":
        """The same options for samples that are all to be tested on."""
        target = () if self.has_target_file else self.target  # those labels are of other samples
        return replace(self, target=target, test=None, validation=None, stratify=None, fold=None, is_for_test=True)

    @property
    def has_target_file(self) -> bool:
        """Whether what is to be predicted is in a file of its own, and not in columns."""
        return any(name.endswith(".npy") for name in self.target)

    def moved(self, before: Path, now: Path) -> "DataOptions":
        """Return the same options for samples that were at one path and are at another, with the files beside them.

        A file of labels or of other samples that is not where it was is taken to have moved with the samples.
        """

        def found(path: Path) -> Path:
            there = now.parent / os.path.relpath(path, before.parent)
            return there if not path.exists() and there.exists() else path

        target = tuple(str(found(Path(name))) for name in self.target) if self.has_target_file else self.target
        test = found(self.test) if isinstance(self.test, Path) else self.test
        validation = found(self.validation) if isinstance(self.validation, Path) else self.validation
        return replace(self, target=target, test=test, validation=validation)

    @property
    def given(self) -> list[str]:
        """The names of the options that somebody gave: those of a model are nobody's for other samples.

        A fold is none of them: it can be had of any samples.
        """
        if self.is_for_test:
            return []
        names = [field.name for field in fields(self) if field.name not in ("fold", "is_for_test")]
        return [name for name in names if getattr(self, name) != getattr(DataOptions, name)]

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes: the options that are not as by default."""
        found = {name: getattr(self, name) for name in self.given}
        if self.fold is not None:
            found["fold"] = str(self.fold)
        return {
            name: list(value)
            if isinstance(value, tuple)
            else str(value.absolute())
            if isinstance(value, Path)
            else value
            for name, value in found.items()
        }

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "DataOptions":
        """Rebuild options.  Raises ConfigError or ValueError for anything else."""
        found = asdict(typed(_Written, given))
        for name in ("test", "validation"):
            if isinstance(found[name], str):
                found[name] = Path(found[name])
        if found["fold"] is not None:
            found["fold"] = Fold.parse(found["fold"])
        return cls(**found)


@dataclass
class _Written:
    """Options as they are written down."""

    target: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    task: str | None = None
    test: float | str | None = None
    validation: float | str | None = None
    stratify: bool | None = None
    impute: str | None = None
    scale: str | None = None
    image_size: tuple[int, int] | None = None
    fold: str | None = None


PLAIN = DataOptions()  # all as the data needs it
