"""Values as TOML writes them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def toml(value: Any) -> str:
    """Return a value as TOML writes it."""
    match value:
        case np.generic():
            return toml(value.item())
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(map(toml, value))}]"
        case Mapping():
            return "{" + ", ".join(f"{json.dumps(str(name))} = {toml(each)}" for name, each in value.items()) + "}"
        case str() | Path():
            return json.dumps(str(value), ensure_ascii=False)
        case _:
            raise TypeError(f"{type(value).__name__} has no place in a TOML")


def lines(values: Mapping[str, Any]) -> str:
    """Return a line for each value; None is left out.  Raises TypeError for what is not TOML's."""
    return "".join(f"{_key(name)} = {toml(value)}\n" for name, value in values.items() if value is not None)


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else json.dumps(name)
