"""From options to what is to be trained: the samples, and the configuration with what follows from them."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

from coordinator.api import start_model
from coordinator.options.configuration import to_config, with_default_monitor
from shared.config import TrainConfig
from shared.config.checks import check_seed
from shared.config.suggestions import suggestions_of
from shared.data.dataset import Dataset, load_dataset
from shared.data.options import DataOptions
from shared.model import SavedModel
from shared.types import Vector


class Job(NamedTuple):
    """What is to be trained."""

    config: TrainConfig
    dataset: Dataset
    suggested: dict[str, Any]  # by the data, in the place of options that were not given


def prepare(
    given: dict[str, Any],
    names: Collection[str],
    data: Path,
    data_options: DataOptions,
    *,
    weights: Vector | None = None,
    start: SavedModel | None = None,
    alone: bool = False,
    load: Callable[..., Dataset] = load_dataset,
) -> Job:
    """Read the samples, and return what the options of `train` stand for with them.

    given: all options that decide the bits.  names: of those that somebody gave; others are as the model that the run
    begins with has them, or as the data suggests.  weights: of the training samples.  start: that model.
    alone: whether the run will be computed in this process.  load: reads the samples.

    Raises ConfigError, DataError or ModelError.
    """
    check_seed(given["seed"])
    if start is not None:
        start_model.check_reading(data_options, start.encoding)
    encoding, n_classes = (None, 0) if start is None else (start.encoding, start.parameters.sizes[-1])
    dataset = load(data, data_options, given["seed"], encoding, n_classes)
    dataset = dataset.first(given["train_samples"]).weighted(weights)
    suggestions = suggestions_of(dataset, given["optimizer"] if "optimizer" in names else None)
    taken = {name: value for name, value in suggestions.items() if name not in names and not hasattr(start, name)}
    given = {**given, **taken}
    if start is not None:
        start_model.fill_in(given, names, start)
    config = to_config(given, alone, dataset)
    if "monitor" not in names:
        config = with_default_monitor(config, len(dataset.validation))
    if start is not None:
        start_model.check(config, start)
    return Job(config, dataset, taken)


def check_job(config: TrainConfig, dataset: Dataset) -> None:
    """Raise ConfigError or DataError unless a configuration and data go together."""
    training = dataset.training
    config.check_data(len(training), training.n_inputs, training.n_outputs, dataset.has_classes)
    config.check_validation(len(dataset.validation))
    dataset.check_inputs(config.arithmetic, config.output)
