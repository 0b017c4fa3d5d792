"""How a configuration is written down in config.json and in leases, and what older versions wrote."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_type_hints

from shared import kinds
from shared.config.options import Options
from shared.data.augment.options import Augmentation
from shared.errors import ConfigError
from shared.optim.optimizers import OPTIMIZERS
from shared.optim.schedules import SCHEDULES
from shared.plain_text import shortened
from shared.strategies import STRATEGIES
from shared.typed import typed

# Of these a kind is chosen, which has options of its own (`shared.kinds`).
KINDS: dict[str, Mapping[str, type[Any]]] = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "strategy": STRATEGIES,
}

# Of all others the type, which is looked at and never changed: leases are known by the digest of their text.
_TYPES = {name: kind for name, kind in get_type_hints(Options).items() if name not in KINDS and name != "augment"}


def to_json(config: Options) -> dict[str, Any]:
    """Return what `from_json` takes."""
    plain = {field.name: getattr(config, field.name) for field in fields(config)}
    lists = {name: list(value) for name, value in plain.items() if isinstance(value, tuple)}
    chosen = {name: kinds.to_json(plain[name]) for name in KINDS}
    augment = None if config.augment is None else config.augment.to_json()
    return {**plain, **lists, **chosen, "augment": augment}


def from_json(given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a configuration, of this version or of 0.1.

    Raises ConfigError, TypeError or KeyError for anything else: also for numbers of another kind, which Python's own
    callers may give and files never have.
    """
    typed(dict[str, Any], given, most=2**64)
    given = {"arithmetic": "native", **given} if "strategy" in given else _of_version_0_1(given)
    given = {"monitor": "none", **given}  # before 0.2 no figure of validation samples was kept
    chosen = {name: kinds.from_json(known, given[name], name) for name, known in KINDS.items() if name in given}
    for name, value in given.items():
        if name in _TYPES:
            try:
                typed(_TYPES[name], value, most=2**64)
            except ValueError as error:
                raise ConfigError(name, shortened(str(value), 40), f"is damaged: {error}") from None
    tuples = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    augment = given.get("augment")
    return {**given, **tuples, **chosen, "augment": None if augment is None else Augmentation.from_json(augment)}


def _of_version_0_1(fields: dict[str, Any]) -> dict[str, Any]:
    """Translate the fields of GradMQ 0.1: `eta`, and all strategies' options side by side."""
    fields = dict(fields)
    learning_rate, shards, local_steps = fields.pop("eta"), fields.pop("shards"), fields.pop("local_steps", 0)
    replicas, outer_momentum = fields.pop("replicas", 1), fields.pop("outer_momentum", 0.0)
    local = {"kind": "local-sgd", "local_steps": local_steps, "replicas": replicas, "outer_momentum": outer_momentum}
    strategy = local if local_steps else {"kind": "sync-sgd", "shards": shards}
    native = {"initializer": "standard-normal", "arithmetic": "native"}
    return {**native, **fields, "learning_rate": learning_rate, "strategy": strategy}
