"""A run that begins with a model's weights: what that makes of the other options."""

from collections.abc import Collection
from dataclasses import fields
from typing import Any

from shared.config import TrainConfig, join
from shared.data.encoding import Encoding
from shared.data.options import DataOptions
from shared.errors import ConfigError, ModelError
from shared.model import SavedModel
from shared.nn.evaluation import is_finite

_FREE = {"parameters", "arithmetic", "encoding"}  # of a model's fields, what says nothing of its network
_OUT = "leave it out"
_NO_NETWORK = {*_FREE, "loss"}  # another cost may be made smaller with the same network


def fill_in(given: dict[str, Any], names: Collection[str], start: SavedModel) -> None:
    """Put the model's network in the place of options of `train` that were not given.  names: of those that were."""
    if given["sizes"] is None and given["hidden"] is None:
        given["sizes"] = start.parameters.sizes
    for field in fields(start):
        if field.name in given and field.name not in names:
            given[field.name] = getattr(start, field.name)
    given["start"] = start.parameters.sha256


def check_reading(options: DataOptions, encoding: Encoding) -> None:
    """Raise ConfigError for options about data that the model's encoding, by which samples are read, contradicts."""
    its = {"task": encoding.task, "scale": "columns" if encoding.columns else "none"}
    for name, value in its.items():
        if getattr(options, name) not in (None, value):
            raise _other(name, getattr(options, name), value)
    if options.impute is not None and all(column.missing is None for column in encoding.columns):
        raise ConfigError("impute", options.impute, "has no place in the encoding of the model to begin with", _OUT)


def check(config: TrainConfig, start: SavedModel) -> None:
    """Raise ConfigError unless the run trains the model's network, ModelError if its dtype cannot hold the weights."""
    sizes = start.parameters.sizes
    if config.sizes != sizes:
        raise _other("sizes", join(config.sizes), join(sizes), "leave --sizes and --hidden out")
    for field in fields(start):
        ours, its = getattr(config, field.name, None), getattr(start, field.name)
        if field.name not in _NO_NETWORK and ours != its:
            raise _other(field.name, ours, its)
    if not is_finite(start.parameters.converted(config.numpy_dtype).flat):
        raise ModelError(
            f"a weight of the model is too large for {config.dtype}; give --dtype {start.parameters.dtype}"
        )


def _other(field: str, ours: object, its: object, hint: str = _OUT) -> ConfigError:
    return ConfigError(field, ours, f"must be {its}, as in the model to begin with", hint)
