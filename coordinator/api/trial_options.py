"""From values of a sweep to a run of `train`: the same options, with the same checks."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from coordinator.api.preparation import check_job, prepare
from coordinator.options.defaults import DEFAULTS
from coordinator.options.precedence import Values, overlay
from coordinator.options.readers import NAMES, READERS, text_of
from coordinator.options.reading import READING, to_data_options
from coordinator.options.texts import ABOUT, flat, texts_of
from coordinator.sweeps.definition import Definition
from coordinator.sweeps.trials import NoDataError, Prepared
from shared.data.dataset import DEFAULT_DATA, Dataset, load_dataset
from shared.data.encoding import Encoding
from shared.data.folds import Fold
from shared.data.options import DataOptions
from shared.data.parts import Part
from shared.data.sample_weights import read_weights
from shared.errors import ConfigError, DataError, SettingsError
from shared.strategies import SyncSGD

# What else `train` has: who computes, who watches, and where a run's other options are.
NOT_OF_TRIALS = {
    *("workers", "redis", "broker", "batches_per_task", "audit", "audit_by", "flower", "runs", "resume"),
    *("tensorboard", "csv", "mlflow", "metrics_port", "metrics_host", "quiet", "verbose", "log_format"),
}
START = "from"
# What decides which samples a trial has, and whether it can take them.
_ABOUT_DATA = {"data", "train_samples", "sample_weights", "arithmetic", "output", *READING}


class TrialOptions:
    """What the trials of a sweep are computed of."""

    def __init__(self, definition: Definition, source: Path) -> None:
        """source: the sweep's file, for people.

        Raises SettingsError for options that there are not, or that take other values.
        """
        self.definition = definition
        self._source, self._search = source, definition.search
        self._given = {name: value for name, value in definition.fixed.items() if name not in ABOUT}
        self._fixed = self._texts_of(self._given)
        for name, dimension in definition.space.items():
            for value in dimension.points:
                self._texts_of({name: value})
        if self._search.folds and "sample_weights" in self._fixed:
            raise SettingsError(f"{source}: sample-weights do not go with folds; leave one of them out")
        varied = self._texts_of(dict.fromkeys(definition.space))
        self._can_data_differ = bool(varied.keys() & _ABOUT_DATA)
        self._load = _Loader()

    @property
    def data(self) -> Path:
        """Where the samples are."""
        return Path(self._fixed.get("data") or DEFAULT_DATA)

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
        read = {option: _read(option, text) for option, text in texts.items() if text is not None}
        data, weights = read.pop("data", DEFAULT_DATA), read.pop("sample_weights", None)
        given = {**dict.fromkeys(READING), **DEFAULTS, **read}
        found = None if weights is None else read_weights(weights)
        job = prepare(given, read, data, to_data_options(given), weights=found, alone=True, load=self._load)
        check_job(job.config, job.dataset)
        whole = self._load.whole.first(job.config.train_samples if found is not None else 0).weighted(found)
        return Prepared(job.config, whole, fold, data)

    def options_of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of `train` that a trial has, as a TOML has them; those that it overrides are left out."""
        texts = self._texts(values)
        named: dict[str, tuple[str, Any]] = {}  # by option, which may be fixed by one of its names and vary by another
        for name, value in flat({**self._given, **values}):
            option = NAMES[name.replace("-", "_")]
            if option in texts:
                named[option] = name.replace("_", "-"), _absolute(option, value)
        found: dict[str, Any] = dict(named.values())
        if self._search.monitor is not None:
            found["monitor"] = self._search.monitor
        config = self.prepared(values, None if not self._search.folds else Fold(1, self._search.folds)).config
        if not config.any_order and isinstance(config.strategy, SyncSGD):
            found["shards"] = config.strategy.shards  # which otherwise follows from the number of workers
        return found

    def _texts(self, values: Mapping[str, Any]) -> Values:
        return overlay(self._fixed, self._texts_of(values))

    def _texts_of(self, fields: Mapping[str, Any]) -> Values:
        """Return what fields stand for as options.  Raises SettingsError, also for those that trials cannot have."""
        for name in fields:
            plain_name = name.replace("-", "_")
            if plain_name == START:
                rule = "does not go with a sweep: trials begin with weights that are drawn"
                raise SettingsError(f"{self._source}: {name} {rule}")
            if plain_name in NOT_OF_TRIALS:
                raise SettingsError(f"{self._source}: {name} is no option of a trial; give it to `gradmq sweep`")
        return texts_of(fields, self._source, NAMES, text_of)


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


def _read(option: str, text: str) -> Any:
    """Return the value that a text stands for.  Raises ConfigError."""
    try:
        return READERS[option](text)
    except ValueError as error:
        raise ConfigError(option, text, str(error)) from None


def _absolute(option: str, value: Any) -> Any:
    """Return an option's value with a path of a file as it is found from any folder."""
    if not isinstance(value, str) or value == str(DEFAULT_DATA):
        return value
    return str(Path(value).absolute()) if isinstance(READERS[option](value), Path) else value
