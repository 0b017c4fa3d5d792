"""What a sweep is, as its file says: fixed options of `train`, what varies, and how it is searched."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from coordinator.sweeps.catalogue import METHODS
from coordinator.sweeps.pruning import Pruning
from coordinator.sweeps.space import Choices, Dimension, grid_size, space_of
from shared.errors import ConfigError, DataError
from shared.monitors import MONITORS

_TRIALS = 20
_MOST_TRIALS = 100_000
_OF_PRUNING = {"pruning": "kind", "startup": "startup", "warm_up": "warm_up", "factor": "factor"}


@dataclass(frozen=True, kw_only=True)
class Search:
    """How values are searched: the [sweep] table, and what the command line says instead."""

    method: str = "random"
    # Default: 20; of a grid all; where nothing but lists varies no more than there are combinations.
    trials: int | None = None
    seed: int = 0  # of what is drawn; a run's own seed is an option of `train`
    folds: int = 0  # runs of each trial, in each of which another fold of the training samples is for validation
    monitor: str | None = None  # by what trials are compared; None: by what their runs monitor
    ahead: int = 8  # a trial may depend on what came of those that are at least so many before it
    pruning: Pruning = field(default_factory=Pruning)

    def __post_init__(self) -> None:
        """Check each by itself, and together.  Raises ConfigError."""
        if self.method not in METHODS:
            raise ConfigError("method", self.method, f"must be one of {', '.join(METHODS)}")
        if self.trials is not None and not 1 <= self.trials <= _MOST_TRIALS:
            raise ConfigError("trials", self.trials, f"must be between 1 and {_MOST_TRIALS}")
        if not 0 <= self.seed < 2**64:
            raise ConfigError("seed", self.seed, "must be between 0 and 2^64 - 1")
        if self.folds < 0 or self.folds == 1:
            raise ConfigError("folds", self.folds, "must be two or more", "leave it out for none")
        if self.ahead < 1:
            raise ConfigError("ahead", self.ahead, "must be at least 1")
        known = [name for name, monitor in MONITORS.items() if monitor is not None]
        if self.monitor is not None and self.monitor not in known:
            raise ConfigError("monitor", self.monitor, f"must be one of {', '.join(known)}")
        if self.folds and self.pruning.kind != "none":
            rule = "does not go with folds: the runs of a trial have no common course"
            raise ConfigError("pruning", self.pruning.kind, rule)

    @property
    def in_order(self) -> bool:
        """Whether trials depend on earlier ones, so that they begin only when those have come out."""
        return self.method == "tpe" or self.pruning.kind != "none"

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Self:
        """Return what a [sweep] table stands for.  Raises ConfigError."""
        given = {name.replace("-", "_"): value for name, value in table.items()}
        own = {each.name: each.type for each in fields(cls) if each.name != "pruning"}
        for name, value in given.items():
            if name not in own and name not in _OF_PRUNING:
                near = difflib.get_close_matches(name, [*own, *_OF_PRUNING], 1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join([*own, *_OF_PRUNING])}"
                raise ConfigError(f"sweep.{name}", value, "is nothing of a sweep", hint)
            is_word = name in ("method", "monitor", "pruning")
            if type(value) is not (str if is_word else int):
                raise ConfigError(f"sweep.{name}", repr(value), f"must be a {'word' if is_word else 'whole number'}")
        pruning = {theirs: given.pop(ours) for ours, theirs in _OF_PRUNING.items() if ours in given}
        if pruning and "kind" not in pruning:
            ours = next(ours for ours, theirs in _OF_PRUNING.items() if theirs in pruning)
            raise ConfigError(
                f"sweep.{ours}", pruning[_OF_PRUNING[ours]], "goes with pruning", "give median or halving"
            )
        return cls(**given, pruning=Pruning(**pruning))

    def to_table(self) -> dict[str, Any]:
        """Return what `of` takes."""
        plain = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "pruning"}
        found = {name: value for name, value in plain.items() if value is not None}
        if self.pruning.kind != "none":
            found |= {ours: getattr(self.pruning, theirs) for ours, theirs in _OF_PRUNING.items()}
        return found


@dataclass(frozen=True)
class Definition:
    """A whole sweep."""

    fixed: Mapping[str, Any]  # options of `train`, as the file has them
    space: Mapping[str, Dimension]
    search: Search

    @classmethod
    def parse(cls, content: bytes, source: str) -> Self:
        """Return the sweep of a TOML.  source: the file, for people.  Raises ConfigError or DataError."""
        try:
            found = tomllib.loads(content.decode())
        except (ValueError, RecursionError) as error:
            raise DataError(f"{source} is no TOML: {error}") from None
        search, sweep = found.pop("search", {}), found.pop("sweep", {})
        for name, table in (("search", search), ("sweep", sweep)):
            if not isinstance(table, dict):
                raise ConfigError(name, repr(table), "must be a table")
        definition = cls(found, space_of(search), Search.of(sweep))
        definition._check()
        return definition

    def _check(self) -> None:
        fixed, varied = ({name.replace("-", "_") for name in each} for each in (self.fixed, self.space))
        for name in sorted(fixed & varied):
            raise ConfigError(
                f"search.{name}", "a fixed value too", "cannot both vary and be fixed", "give one of them"
            )
        for name in ("monitor", "fold"):
            if name in varied:
                raise ConfigError(f"search.{name}", "values", "cannot vary: trials could not be compared")
        if "fold" in fixed:
            raise ConfigError("fold", self.fixed["fold"], "is chosen by the sweep", "give folds = 5 in [sweep]")
        if self.search.monitor is not None and "monitor" in fixed:
            raise ConfigError("sweep.monitor", self.search.monitor, "is given twice", "leave one of them out")
        if self.search.method == "grid":
            grid_size(self.space)

    def with_search(self, search: Search) -> "Definition":
        """Return the same sweep, searched otherwise.  Raises ConfigError."""
        definition = replace(self, search=search)
        definition._check()
        return definition

    @property
    def n_trials(self) -> int:
        """How many trials there are to be."""
        wanted = self.search.trials
        if self.search.method != "grid":
            if all(isinstance(each, Choices) for each in self.space.values()) and wanted is None:
                return min(_TRIALS, grid_size(self.space))
            return _TRIALS if wanted is None else wanted
        size = grid_size(self.space)
        if size > _MOST_TRIALS and wanted is None:
            raise ConfigError("trials", size, f"of the grid are more than {_MOST_TRIALS}", "give fewer points")
        return size if wanted is None else min(wanted, size)
