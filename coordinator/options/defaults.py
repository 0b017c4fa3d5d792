"""The options of a training as Python takes them: their defaults, and their values as a configuration has them."""

import difflib
import numbers
from collections.abc import Mapping, Sequence
from typing import Any

from coordinator.options.configuration import AUTO, BALANCED
from coordinator.options.kinds import fields_of, option_name
from shared.config.checks import check_seed
from shared.config.options import Options
from shared.data.augment.options import Augmentation
from shared.errors import ConfigError
from shared.optim.optimizers import OPTIMIZERS
from shared.optim.schedules import SCHEDULES

_OF_KINDS = {option_name(field) for kinds in (OPTIMIZERS, SCHEDULES) for field in fields_of(kinds)}
_NOT_GIVEN = ("hidden", "sizes", "dtype", "loss", "class_weights", "shards", "replicas", "outer_momentum")
_OF_CONFIG = (
    *("activation", "output", "initializer", "standardize", "arithmetic", "l1", "l2", "clip_norm", "max_norm", "ema"),
    *("dropout", "input_dropout", "label_smoothing", "augment", "seed", "train_samples", "monitor", "early_stopping"),
)

# By its name each option of `train` that decides a run's bits, as if it was not given: the command line has the same.
DEFAULTS: dict[str, Any] = {
    **dict.fromkeys((*_NOT_GIVEN, *sorted(_OF_KINDS))),
    **{name: Options.__dataclass_fields__[name].default for name in _OF_CONFIG},
    "epochs": 30,
    "mini_batch_size": 10,
    "learning_rate": 3.0,
    "optimizer": "sgd",
    "schedule": "constant",
    "local_steps": 0,
}
SYNONYMS = {"eta": "learning_rate", "cost": "loss", "init": "initializer"}
_WHOLE = {"epochs", "mini_batch_size", "seed", "train_samples", "early_stopping", "local_steps", "shards", "replicas"}
_WORDS = {"activation", "output", "loss", "initializer", "arithmetic", "dtype", "monitor", "optimizer", "schedule"}


def completed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options, those that were given with values as a configuration has them.

    Raises ConfigError for an option that there is not, and for a value that it does not take.
    """
    found = {}
    for name, value in given.items():
        known = SYNONYMS.get(name, name)
        if known not in DEFAULTS:
            raise _unknown(name, value)
        if value is not None:
            found[known] = _value(known, value)
    if (seed := found.get("seed")) is not None:
        check_seed(seed)
    return {**DEFAULTS, **found}


def names_of(given: Mapping[str, Any]) -> set[str]:
    """Return the names of the options that were given: None stands for one that was not."""
    return {SYNONYMS.get(name, name) for name, value in given.items() if value is not None}


def _unknown(name: str, value: object) -> ConfigError:
    near = difflib.get_close_matches(name, [*DEFAULTS, *SYNONYMS], 1)
    hint = f"did you mean {near[0]}?" if near else "`gradmq train -h` lists what there is"
    return ConfigError(name, value, "is no option of a training", hint)


def _value(name: str, value: Any) -> Any:
    """Return a value as a configuration has it: NumPy's numbers as Python's, lists as tuples."""
    if name in ("hidden", "sizes"):
        return tuple(_number(name, each, whole=True) for each in _listed(value))
    if name in ("class_weights", "standardize"):
        word = BALANCED if name == "class_weights" else AUTO
        if isinstance(value, str) and value == word:
            return value
        return tuple(_number(name, each) for each in _listed(value))
    if name == "augment":
        return value if isinstance(value, Augmentation) else Augmentation.parse(value)
    if name in _WORDS:
        if not isinstance(value, str):
            raise ConfigError(name, value, "must be a word")
        return value
    fields = {option_name(field): each for kinds in (OPTIMIZERS, SCHEDULES) for field, each in fields_of(kinds).items()}
    return _number(name, value, name in _WHOLE or (name in fields and fields[name].type is int))


def _listed(value: Any) -> Sequence[Any]:
    return list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else [value]


def _number(name: str, value: Any, whole: bool = False) -> int | float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ConfigError(name, repr(value), "must be a number")
    number = float(value)
    if not whole:
        return number
    if not number.is_integer():
        raise ConfigError(name, value, "must be a whole number")
    return int(value)  # type: ignore[call-overload,no-any-return]
