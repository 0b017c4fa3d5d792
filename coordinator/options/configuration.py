"""The configuration that options of a training stand for, with the data."""

from dataclasses import replace
from typing import Any

from coordinator.options.kinds import to_optimizer, to_schedule
from shared.config import TrainConfig, join
from shared.data.dataset import Dataset
from shared.data.options_of_samples import balanced, moments
from shared.data.parts import Part
from shared.errors import ConfigError
from shared.nn.arithmetic import ARITHMETICS
from shared.parallel.sharding import default_shards
from shared.strategies import LocalSGD, SyncSGD

AUTO, BALANCED = "auto", "balanced"  # what is to be taken from the training samples
_HIDDEN = (30,)  # neurons of the hidden layers, as in the notebook


def to_config(given: dict[str, Any], alone: bool, data: Dataset) -> TrainConfig:
    """Return the configuration that options of `train` stand for, with that data.

    given: each option by its name in Python.  alone: whether the run will be computed in this process.

    Raises ConfigError, also for options that do not go together, or DataError.
    """
    training = data.training
    if given["standardize"] == AUTO:
        given["standardize"] = moments(training)
    if given["class_weights"] == BALANCED:
        given["class_weights"] = balanced(data.labelled(Part.TRAINING))
    sizes = to_sizes(given.pop("sizes"), given.pop("hidden"), training.n_inputs, training.n_outputs)
    strategy, dtype = to_strategy(given, alone), given.pop("dtype") or ""
    optimizer, schedule = to_optimizer(given), to_schedule(given)
    return TrainConfig(
        sizes=sizes,
        loss=given.pop("loss") or "",
        dtype=dtype,
        optimizer=optimizer,
        schedule=schedule,
        class_weights=given.pop("class_weights") or (),
        image_shape=data.image_size if given["augment"] is not None and data.has_classes else None,
        strategy=strategy,
        **given,
    )


def to_strategy(given: dict[str, Any], alone: bool = False) -> SyncSGD | LocalSGD:
    """Take the strategy's options from what was given, and return what they stand for.

    alone: whether the run will be computed in this process.

    Raises ConfigError, also for options that do not go together.
    """
    shards, local_steps = given.pop("shards"), given.pop("local_steps")
    local = {name: given.pop(name, None) for name in ("replicas", "outer_momentum")}
    local = {name: value for name, value in local.items() if value is not None}
    if not local_steps:
        for name, value in local.items():
            raise ConfigError(name, value, "goes with --local-steps", "give how many")
        if given["arithmetic"] in ARITHMETICS and not ARITHMETICS[given["arithmetic"]].any_order:
            # Shards that nobody else computes would only cost time. A size out of its range is refused later.
            default = 1 if alone else default_shards(max(given["mini_batch_size"], 1))
            shards = default if shards is None else shards
        return SyncSGD(shards=shards)
    if shards is not None:
        raise ConfigError("shards", shards, "goes with synchronous SGD: a replica takes its local steps alone")
    return LocalSGD(local_steps=local_steps, **local)


def to_sizes(
    sizes: tuple[int, ...] | None, hidden: tuple[int, ...] | None, n_inputs: int, n_outputs: int
) -> tuple[int, ...]:
    """Return the layers that both, given or not, stand for.  Raises ConfigError if they do not agree."""
    if sizes is None:
        return (n_inputs, *(_HIDDEN if hidden is None else hidden), n_outputs)
    if hidden is not None and hidden != sizes[1:-1]:
        raise ConfigError("hidden", join(hidden), f"must agree with --sizes {join(sizes)}", "give one of them")
    return sizes


def with_default_monitor(config: TrainConfig, n_validation: int) -> TrainConfig:
    """Return the configuration for so many validation samples, where nobody asked for a figure to monitor.

    Without any no epochs are compared, unless the run's course depends on it, which `check_validation` refuses.
    """
    return config if n_validation or config.depends_on_monitor else replace(config, monitor="none")
