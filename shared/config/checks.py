"""Whether the options of a run can be as they are, each by itself and together, and with the data."""

import math
from collections.abc import Collection

from shared.config.options import Options
from shared.config.text import join
from shared.errors import ConfigError
from shared.monitors import MONITORS
from shared.nn.activations import ACTIVATIONS
from shared.nn.arithmetic import ARITHMETICS
from shared.nn.initializers import INITIALIZERS
from shared.nn.losses import LOSSES
from shared.nn.outputs import OUTPUTS
from shared.strategies import LocalSGD, SyncSGD

CHOICES: dict[str, Collection[str]] = {
    "activation": ACTIVATIONS,
    "output": OUTPUTS,
    "loss": LOSSES,
    "initializer": INITIALIZERS,
    "arithmetic": ARITHMETICS,
    "monitor": MONITORS,
}
LEAST_WEIGHT = 2.0**-10  # of a class; weights are multiples of it
_MOST_WEIGHT = 2.0**10
_LARGEST = 2**29  # bytes of weights
_MOST_LAYERS = 10_000  # far more than learn anything; each takes memory besides its neurons


def check_choices(config: Options) -> None:
    """Check what the others' checks take for granted. Raises ConfigError, as all of these do."""
    for field, choices in CHOICES.items():
        if getattr(config, field) not in choices:
            raise ConfigError(field, getattr(config, field), f"must be one of {', '.join(choices)}")


def check(config: Options) -> None:
    """Check a configuration by itself."""
    _check_course(config)
    _check_network(config)
    _check_update(config)
    _check_regularisation(config)
    _check_inputs(config)
    _check_arithmetic(config)
    _check_choice_of_epochs(config)


def _check_course(config: Options) -> None:
    if len(config.sizes) < 2 or min(config.sizes) < 1:
        hint = "for MNIST, give 784,30,10"
        raise ConfigError("sizes", join(config.sizes), "needs at least two layers of at least one neuron", hint)
    if len(config.sizes) > _MOST_LAYERS:
        raise ConfigError("sizes", f"{len(config.sizes)} layers", f"may have at most {_MOST_LAYERS}")
    for field in ("epochs", "mini_batch_size"):
        if getattr(config, field) < 1:
            raise ConfigError(field, getattr(config, field), "must be at least 1")
    if not (math.isfinite(config.learning_rate) and config.learning_rate > 0):
        hint = "the notebook used 3.0"
        raise ConfigError("learning_rate", config.learning_rate, "must be a finite number above 0", hint)
    check_seed(config.seed)
    if config.train_samples < 0:
        raise ConfigError("train_samples", config.train_samples, "must be at least 1", "leave it out for all")


def check_seed(seed: int) -> None:
    """Check a seed, which may be needed before there is a configuration: samples are divided by it."""
    if not 0 <= seed < 2**64:
        raise ConfigError("seed", seed, "must be between 0 and 2^64 - 1")


def _check_network(config: Options) -> None:
    outputs = LOSSES[config.loss].outputs
    if config.output not in outputs:
        rule = f"goes with {' or '.join(outputs)} outputs, not with {config.output}"
        hint = f"leave it out for {OUTPUTS[config.output].loss}"
        raise ConfigError("loss", config.loss, rule, hint)


def _check_update(config: Options) -> None:
    for field in ("l1", "l2"):
        if not (math.isfinite(getattr(config, field)) and getattr(config, field) >= 0):
            raise ConfigError(field, getattr(config, field), "must be a finite number of at least 0")
    for field in ("clip_norm", "max_norm"):
        limit = getattr(config, field)
        if limit is not None and not (math.isfinite(limit) and limit > 0):
            raise ConfigError(field, limit, "must be a finite number above 0", "leave it out for no limit")
    if not 0 <= config.ema < 1:
        raise ConfigError("ema", config.ema, "must be at least 0 and below 1")
    if config.schedule.feedback and isinstance(config.strategy, LocalSGD):
        rule = "cannot follow how well the run learns with local steps: replicas know nothing of it"
        raise ConfigError("schedule", config.schedule.kind, rule)


def _check_regularisation(config: Options) -> None:
    for field in ("dropout", "input_dropout", "label_smoothing"):
        if not 0 <= getattr(config, field) < 1:
            raise ConfigError(field, getattr(config, field), "must be at least 0 and below 1")
    if config.class_weights:
        if len(config.class_weights) != config.sizes[-1]:
            rule = f"must be one for each of the {config.sizes[-1]} outputs, not {len(config.class_weights)}"
            raise ConfigError("class_weights", join(config.class_weights), rule)
        if not all(LEAST_WEIGHT <= weight <= _MOST_WEIGHT for weight in config.class_weights):
            rule = f"must be between {LEAST_WEIGHT:g} and {_MOST_WEIGHT:g}"
            raise ConfigError("class_weights", join(config.class_weights), rule)


def _check_inputs(config: Options) -> None:
    if (config.augment is None) != (config.image_shape is None):
        raise ConfigError("augment", config.augment, "needs images, and the size that they have")
    if config.image_shape is not None and math.prod(config.image_shape) != config.sizes[0]:
        rule = f"must be of the {config.sizes[0]} inputs"
        raise ConfigError("image_shape", "x".join(map(str, config.image_shape)), rule)
    if config.standardize is not None:
        check_standardize(config.standardize)


def check_standardize(given: tuple[float, float]) -> None:
    """Raise ConfigError unless inputs can be freed of this mean and this deviation."""
    mean, deviation = given
    if not (math.isfinite(mean) and math.isfinite(deviation) and abs(mean) <= 2**10 and deviation >= 2**-10):
        rule = "needs a mean of at most 1024 and a deviation of at least 1/1024"
        raise ConfigError("standardize", f"{mean},{deviation}", rule)


def _check_arithmetic(config: Options) -> None:
    dtypes = ARITHMETICS[config.arithmetic].dtypes
    if config.dtype not in dtypes:
        rule = f"must be {' or '.join(dtypes)} in {config.arithmetic} arithmetic"
        raise ConfigError("dtype", config.dtype, rule, "leave it out, or choose native arithmetic")
    if config.any_order and not INITIALIZERS[config.initializer].portable:
        portable = ", ".join(name for name, initializer in INITIALIZERS.items() if initializer.portable)
        rule = f"must be one of {portable} in {config.arithmetic} arithmetic"
        raise ConfigError("initializer", config.initializer, rule)
    if isinstance(config.strategy, SyncSGD) and config.any_order != (config.strategy.shards is None):
        if config.any_order:
            hint = "leave it out: such sums do not depend on how a mini-batch is cut"
            raise ConfigError(
                "shards", config.strategy.shards, f"has no meaning in {config.arithmetic} arithmetic", hint
            )
        raise ConfigError("shards", None, f"must be given in {config.arithmetic} arithmetic")
    if config.nbytes > _LARGEST:
        # Redis refuses a string of more than 512 MB, and weights and gradients are one string each.
        rule = f"must make at most {_LARGEST // 2**20} MiB of weights, not {config.nbytes // 2**20}"
        raise ConfigError("sizes", join(config.sizes), rule, "choose smaller layers")


def _check_choice_of_epochs(config: Options) -> None:
    if config.early_stopping < 0:
        raise ConfigError("early_stopping", config.early_stopping, "must be 0 or more epochs")
    if config.depends_on_monitor and config.monitored is None:
        rule = "needs a figure by which epochs are compared"
        raise ConfigError(*_what_depends_on_monitor(config), rule, "give --monitor validation-accuracy")


def check_data(config: Options, n_samples: int, n_inputs: int, n_outputs: int, has_classes: bool) -> None:
    """Check that a configuration fits the training data."""
    if config.sizes[0] != n_inputs:
        rule = f"must begin with {n_inputs}, the number of inputs in the data"
        raise ConfigError("sizes", join(config.sizes), rule)
    if config.sizes[-1] != n_outputs:
        rule = f"must end with {n_outputs}, the number of {'classes' if has_classes else 'targets'} in the data"
        raise ConfigError("sizes", join(config.sizes), rule)
    if config.train_samples > n_samples:  # of which these are the first
        rule = f"must be at most {n_samples}, the number of training samples in the data"
        raise ConfigError("train_samples", config.train_samples, rule, "leave it out for all")
    if config.mini_batch_size > n_samples:
        rule = f"must be at most {n_samples}, the number of training samples"
        raise ConfigError("mini_batch_size", config.mini_batch_size, rule)
    if isinstance(config.strategy, LocalSGD):
        most = -(-n_samples // (config.strategy.local_steps * config.mini_batch_size))
        if config.strategy.replicas > most:
            rule = f"must be at most {most}, among which {n_samples} training samples can be divided"
            raise ConfigError("replicas", config.strategy.replicas, rule, "give fewer, or fewer local steps")

    if not has_classes:
        _check_targets(config)


def _check_targets(config: Options) -> None:
    """Check that a configuration asks for nothing that samples without classes have not."""
    for field, value in (("class_weights", join(config.class_weights)), ("label_smoothing", config.label_smoothing)):
        if getattr(config, field):
            raise ConfigError(field, value, "needs classes, and the data has targets", "leave it out")
    if config.output == "softmax":
        rule = "needs one class a sample, and the data has targets"
        raise ConfigError("output", config.output, rule, "give linear for numbers, sigmoid for labels")
    if config.monitored is not None and config.monitored.figure == "validation_accuracy":
        rule = "needs classes, and the data has targets"
        raise ConfigError("monitor", config.monitor, rule, "give validation-cost")


def check_validation(config: Options, n_validation: int) -> None:
    """Check that there are validation samples, if any are needed."""
    if config.monitored is None or not config.monitored.of_validation or n_validation:
        return
    rule, hint = "needs validation samples, and the data has none", "give --monitor training-cost"
    if config.depends_on_monitor:
        raise ConfigError(*_what_depends_on_monitor(config), rule, hint)
    raise ConfigError("monitor", config.monitor, rule, hint)


def _what_depends_on_monitor(config: Options) -> tuple[str, object]:
    """Return the name and the value of an option that does."""
    return ("early_stopping", config.early_stopping) if config.early_stopping else ("schedule", config.schedule.kind)
