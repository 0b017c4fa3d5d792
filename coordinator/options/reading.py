"""The options of a training that decide, with the path and the seed, which samples there are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.data.folds import Fold
from shared.data.options import DataOptions

READING = ("target", "ignore", "task", "test", "validation", "stratify", "impute", "scale", "image_size", "fold")


def to_data_options(given: dict[str, Any]) -> DataOptions:
    """Take those options from what was given, by their names, and return what they stand for.  Raises ConfigError."""
    taken = {name: given.pop(name) for name in READING}
    # A file of labels is found again from any folder.
    target = tuple(str(Path(name).absolute()) if name.endswith(".npy") else name for name in taken.pop("target") or ())
    return DataOptions(target=target, ignore=taken.pop("ignore") or (), **taken)


def completed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all those options, with the values that Python's users give as `to_data_options` takes them."""
    found = {name: given.get(name) for name in READING}
    for name in ("target", "ignore"):
        names = found[name]
        found[name] = (
            None if names is None else (str(names),) if isinstance(names, str | Path) else tuple(map(str, names))
        )
    if found["image_size"] is not None:
        found["image_size"] = tuple(map(int, found["image_size"]))
    if isinstance(found["fold"], str):
        found["fold"] = Fold.parse(found["fold"])
    for name in ("test", "validation"):
        share = found[name]
        found[name] = share if share is None else Path(share) if isinstance(share, str | Path) else float(share)
    return found
