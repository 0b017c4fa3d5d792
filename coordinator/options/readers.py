"""What the text of an option stands for, as it is typed or in a file: the same on the command line and in a sweep."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coordinator.options.configuration import AUTO, BALANCED
from coordinator.options.defaults import SYNONYMS
from coordinator.options.kinds import fields_of, option_name
from coordinator.options.texts import plain
from shared.data.augment.options import Augmentation
from shared.data.folds import Fold
from shared.data.new_encoding import IMPUTATIONS
from shared.data.options import SCALES, TASKS
from shared.monitors import MONITORS
from shared.nn.activations import ACTIVATIONS
from shared.nn.arithmetic import ARITHMETICS
from shared.nn.arithmetic.native import Native
from shared.nn.initializers import INITIALIZERS
from shared.nn.losses import LOSSES
from shared.nn.outputs import OUTPUTS
from shared.optim.optimizers import OPTIMIZERS
from shared.optim.schedules import SCHEDULES

Reader = Callable[[str], Any]  # raises ValueError or ConfigError for what is no such value

_TRUE, _FALSE = ("1", "on", "t", "true", "y", "yes"), ("0", "f", "false", "n", "no", "off")


@dataclass(frozen=True)
class Number:
    """A number as 0.5."""

    kind: type[int] | type[float]
    least: int | None = None

    def __call__(self, text: str) -> int | float:
        try:
            found = self.kind(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a valid {'integer' if self.kind is int else 'float'}.") from None
        if self.least is not None and found < self.least:
            raise ValueError(f"{found} is not in the range x>={self.least}.")
        return found


@dataclass(frozen=True)
class Word:
    """A word, one of several."""

    known: Collection[str]

    def __call__(self, text: str) -> str:
        if text not in self.known:
            raise ValueError(f"{text!r} is not one of {', '.join(map(repr, self.known))}.")
        return text


@dataclass(frozen=True)
class Sizes:
    """Layers as 784,30,10."""

    example: str  # what to give instead of what is no list

    def __call__(self, text: str) -> tuple[int, ...]:
        try:
            return tuple(int(size) for size in text.split(","))
        except ValueError:
            raise ValueError(f"{text!r} is no list of layer sizes; {self.example}") from None


@dataclass(frozen=True)
class Numbers:
    """Numbers as 0.13,0.31: so many, or if nobody says how many, any."""

    example: str  # what to give instead of what is no such list
    count: int | None = None
    word: str = ""  # what may be given too, and stays as it is

    def __call__(self, text: str) -> tuple[float, ...] | str:
        if self.word and text == self.word:
            return text
        try:
            found = tuple(float(number) for number in text.split(","))
        except ValueError:
            found = ()
        if not found or len(found) != (self.count or len(found)):
            raise ValueError(f"{text!r} is no list of {f'{self.count} ' if self.count else ''}numbers; {self.example}")
        return found


def _names(text: str) -> tuple[str, ...]:
    """Names as height,width."""
    found = tuple(name.strip() for name in text.split(","))
    if "" in found:
        raise ValueError(f"{text!r} is no list of names; give one or more, with commas")
    return found


def _share_or_path(text: str) -> float | Path:
    """A share as 0.2, or else a file."""
    try:
        return float(text)
    except ValueError:
        return Path(text)


def _flag(text: str) -> bool:
    word = text.strip().lower()
    if word not in (*_TRUE, *_FALSE):
        known = ", ".join(sorted((*_TRUE, *_FALSE)))
        raise ValueError(f"{text!r} is not a valid boolean. Recognized values: {known}")
    return word in _TRUE


# By its name in Python, each option of `train` that decides a run's bits, and those that say which samples it has.
READERS: dict[str, Reader] = {
    **dict.fromkeys(("data", "sample_weights"), Path),
    **dict.fromkeys(("target", "ignore"), _names),
    **dict.fromkeys(("test", "validation"), _share_or_path),
    "task": Word(TASKS),
    "impute": Word(IMPUTATIONS),
    "scale": Word(SCALES),
    "stratify": _flag,
    "image_size": Sizes("give a height and a width, like 28,28"),
    "fold": Fold.parse,
    "hidden": Sizes("give one or more, like 100,50"),
    "sizes": Sizes("for MNIST, give 784,30,10"),
    "activation": Word(ACTIVATIONS),
    "output": Word(OUTPUTS),
    "loss": Word(LOSSES),
    "initializer": Word(INITIALIZERS),
    "standardize": Numbers("for MNIST, give 0.1307,0.3081", 2, AUTO),
    "arithmetic": Word(ARITHMETICS),
    "dtype": Word(Native.dtypes),
    **dict.fromkeys(("epochs", "mini_batch_size", "seed", "train_samples", "early_stopping"), Number(int)),
    "monitor": Word(MONITORS),
    "optimizer": Word(OPTIMIZERS),
    "schedule": Word(SCHEDULES),
    **{
        option_name(name): Number(field.type)  # type: ignore[arg-type]
        for kinds in (OPTIMIZERS, SCHEDULES)
        for name, field in fields_of(kinds).items()
    },
    **dict.fromkeys(("learning_rate", "clip_norm", "ema", "l1", "l2", "max_norm"), Number(float)),
    **dict.fromkeys(("dropout", "input_dropout", "label_smoothing", "outer_momentum"), Number(float)),
    "class_weights": Numbers(f"give one for each class, like 1,1,2, or {BALANCED}", word=BALANCED),
    "augment": Augmentation.parse,
    **dict.fromkeys(("shards", "replicas"), Number(int)),
    "local_steps": Number(int, least=0),
}
NAMES = {**{name: name for name in READERS}, **SYNONYMS}  # each option by all of its names


def text_of(option: str, value: Any) -> str:
    """Return a value of a TOML as it would be typed.  Raises ValueError or ConfigError for what it does not take."""
    reader = READERS[option]
    text = plain(value, is_number=isinstance(reader, Number))
    reader(text)
    return text
