"""From values of a sweep to a run of `train`: the same options, with the same checks."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from coordinator.api.preparation import check_job, prepare
from coordinator.cli.given import names_given
from coordinator.cli.precedence import Values, overlay
from coordinator.cli.settings_files import ABOUT, values_of
from coordinator.cli.train import train_command
from coordinator.cli.types import ShareOrPath
from coordinator.options.defaults import DEFAULTS
from coordinator.options.reading import READING, to_data_options
from coordinator.sweeps.definition import Definition
from coordinator.sweeps.trials import NoDataError, Prepared
from shared.data.dataset import DEFAULT_DATA, Dataset, load_dataset
from shared.data.encoding import Encoding
from shared.data.folds import Fold
from shared.data.options import DataOptions
from shared.data.parts import Part
from shared.data.sample_weights import read_weights
from shared.errors import ConfigError, DataError
from shared.strategies import SyncSGD

_OF_TRIALS = {"data", "sample_weights", *READING, *DEFAULTS}
_OF_THE_SWEEP = "is no option of a trial; give it to `gradmq sweep`"
# What decides which samples a trial has, and whether it can take them.
_ABOUT_DATA = {"data", "train_samples", "sample_weights", "arithmetic", "output", *READING}
_NOT_YET = "does not go with a sweep: trials begin with weights that are drawn"


class TrialOptions:
    """What the trials of a sweep are computed of."""

    def __init__(self, definition: Definition, source: Path) -> None:
        """source: the sweep's file, for people.

        Raises UsageError for options that there are not, or that take other values.
        """
        self.definition = definition
        self._source, self._search = source, definition.search
        self._given = {name: value for name, value in definition.fixed.items() if name not in ABOUT}
        self._fixed = values_of(self._given, source, train_command)
        for name, dimension in definition.space.items():
            for value in dimension.points:
                for param in values_of({name: value}, source, train_command):
                    self._check(param, name)
        for param in self._fixed:
            self._check(param, param)
        if self._search.folds and "sample_weights" in self._fixed:
            raise click.UsageError(f"{source}: sample-weights do not go with folds; leave one of them out")
        varied = {param for name in definition.space for param in values_of({name: None}, source, train_command)}
        self._can_data_differ = bool(varied & _ABOUT_DATA)
        self._load = _Loader()

    @property
    def data(self) -> Path:
        """Where the samples are."""
        return Path(self._fixed.get("data") or DEFAULT_DATA)

    def _check(self, param: str, name: str) -> None:
        """Raise UsageError for an option that trials cannot have."""
        if param == "start":
            raise click.UsageError(f"{self._source}: {name} {_NOT_YET}")
        if param not in _OF_TRIALS:
            raise click.UsageError(f"{self._source}: {name} {_OF_THE_SWEEP}")

    def prepared(self, values: Mapping[str, Any], fold: Fold | None) -> Prepared:
        """Return what a run with these values is computed of.

        Raises ConfigError or DataError, and NoDataError if other values would not help.
        """
        try:
            return self._prepared(values, fold)
        except DataError as error:
            if self._can_data_differ:
                raise
            raise NoDataError(str(error)) from None

    def _prepared(self, values: Mapping[str, Any], fold: Fold | None) -> Prepared:
        texts = self._texts(values)
        if fold is not None:
            texts["fold"] = str(fold)
        if self._search.monitor is not None:
            texts["monitor"] = self._search.monitor
        ctx = train_command.make_context("train", ["--workers", "0"])
        for param in train_command.params:
            if param.name is not None and (text := texts.get(param.name)) is not None:
                try:
                    ctx.params[param.name] = param.process_value(ctx, text)
                except click.BadParameter as error:
                    raise ConfigError(param.name, text, error.message) from None
                ctx.set_parameter_source(param.name, ParameterSource.DEFAULT_MAP)
        given, names = {name: ctx.params[name] for name in _OF_TRIALS}, names_given(ctx)
        data, weights = given.pop("data"), given.pop("sample_weights")
        found = None if weights is None else read_weights(weights)
        job = prepare(given, names, data, to_data_options(given), weights=found, alone=True, load=self._load)
        check_job(job.config, job.dataset)
        whole = self._load.whole.first(job.config.train_samples if found is not None else 0).weighted(found)
        return Prepared(job.config, whole, fold, data)

    def options_of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of `train` that a trial has, as a TOML has them; those that it overrides are left out."""
        texts = self._texts(values)
        found: dict[str, Any] = {}
        for name, value in {**self._given, **values}.items():
            (param,) = values_of({name: value}, self._source, train_command)
            if param in texts:
                found[name.replace("_", "-")] = _absolute(param, value)
        if self._search.monitor is not None:
            found["monitor"] = self._search.monitor
        config = self.prepared(values, None if not self._search.folds else Fold(1, self._search.folds)).config
        if not config.any_order and isinstance(config.strategy, SyncSGD):
            found["shards"] = config.strategy.shards  # which otherwise follows from the number of workers
        return found

    def _texts(self, values: Mapping[str, Any]) -> Values:
        return overlay(self._fixed, values_of(dict(values), self._source, train_command))


class _Loader:
    """Reads samples, and keeps the last that were read: most trials have the same."""

    def __init__(self) -> None:
        self._key: object = None
        self._read: Dataset | None = None

    @property
    def whole(self) -> Dataset:
        """What was read last, before it was folded."""
        if self._read is None:
            raise DataError("no samples have been read")
        return self._read

    def __call__(
        self, path: Path, data_options: DataOptions, seed: int, encoding: Encoding | None, n_classes: int
    ) -> Dataset:
        unfolded = replace(data_options, fold=None)
        key = path, unfolded, seed, encoding, n_classes
        if self._read is None or self._key != key:
            found = load_dataset(path, unfolded, seed, encoding, n_classes)
            self._read, self._key = found if self._read is None else _sharing(found, self._read), key
        return self._read.folded(data_options.fold, seed)


def _sharing(found: Dataset, other: Dataset) -> Dataset:
    """Return a data set whose parts are those of another where they are equal, so that memory has them once."""
    parts = zip(map(found.part, Part), map(other.part, Part), strict=True)
    training, validation, test = (theirs if ours.sha256 == theirs.sha256 else ours for ours, theirs in parts)
    return replace(found, training=training, validation=validation, test=test)


def _absolute(param: str, value: Any) -> Any:
    """Return an option's value with a path of a file as it is found from any folder."""
    kinds = {each.name: each.type for each in train_command.params}
    if not isinstance(value, str):
        return value
    is_path = isinstance(kinds[param], click.Path)
    if isinstance(kinds[param], ShareOrPath):
        is_path = isinstance(ShareOrPath().convert(value, None, None), Path)
    return str(Path(value).absolute()) if is_path and value != str(DEFAULT_DATA) else value
