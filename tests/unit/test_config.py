"""The configuration of a run: what is refused, and how it is kept."""

import json
from dataclasses import replace

import numpy as np
import pytest

from shared.config import TrainConfig
from shared.config.checks import CHOICES
from shared.data.augment.options import Augmentation
from shared.errors import ConfigError
from shared.nn.arithmetic import ARITHMETICS
from shared.nn.losses import LOSSES
from shared.nn.parameters import Parameters
from shared.optim.optimizers import SGD, Adam, Nesterov
from shared.optim.schedules import Constant, CosineDecay, Halving, Plateau, StepDecay
from shared.strategies import LocalSGD, SyncSGD

SYNC = TrainConfig(
    sizes=(6, 5, 3), epochs=1, mini_batch_size=4, learning_rate=3.0, arithmetic="native", strategy=SyncSGD(shards=2)
)
EXACT = replace(SYNC, arithmetic="exact", dtype="", strategy=SyncSGD())
LOCAL = replace(SYNC, dtype="float64", seed=7, strategy=LocalSGD(local_steps=5, replicas=3, outer_momentum=0.5))


@pytest.mark.parametrize(
    ("strategy", "options", "message"),
    [
        (LocalSGD, {"local_steps": -1}, "--local-steps must be at least 1, got -1"),
        (LocalSGD, {"local_steps": 0}, "--local-steps must be at least 1, got 0"),
        (LocalSGD, {"local_steps": 5, "replicas": 0}, "--replicas must be at least 1, got 0"),
        (
            LocalSGD,
            {"local_steps": 5, "outer_momentum": 1.0},
            "--outer-momentum must be at least 0 and below 1, got 1.0",
        ),
        (LocalSGD, {"local_steps": 5, "outer_momentum": float("nan")}, "--outer-momentum must be at least 0"),
        (SyncSGD, {"shards": 0}, "--shards must be at least 1, got 0"),
    ],
)
def test_a_strategy_out_of_its_range_is_named(strategy, options, message):
    with pytest.raises(ConfigError) as refused:
        strategy(**options)
    assert refused.value.text("--" + refused.value.field.replace("_", "-")).startswith(message)


@pytest.mark.parametrize("strategy", [SyncSGD, LocalSGD])
def test_strategies_cannot_be_combined_wrongly(strategy):
    """Their options are theirs: one strategy has no place for the other's."""
    with pytest.raises(TypeError):
        strategy(shards=2, local_steps=5)


def test_local_sgd_needs_its_number_of_steps():
    with pytest.raises(TypeError):
        LocalSGD()


def test_synchronous_sgd_needs_no_shards():
    """In exact arithmetic there are none, and any cut will do."""
    assert (SyncSGD().divisible, SyncSGD(shards=2).divisible, LocalSGD(local_steps=1).divisible) == (True, False, False)
    assert (str(SyncSGD()), str(SyncSGD(shards=2))) == ("synchronous SGD", "synchronous SGD in 2 shards")


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("sizes", (6,), "needs at least two layers of at least one neuron"),
        ("sizes", (6, 0, 3), "needs at least two layers of at least one neuron"),
        ("sizes", (6, 10**9, 3), "must make at most 512 MiB of weights"),
        ("epochs", 0, "must be at least 1"),
        ("mini_batch_size", -1, "must be at least 1"),
        ("learning_rate", 0.0, "must be a finite number above 0"),
        ("learning_rate", float("nan"), "must be a finite number above 0"),
        ("learning_rate", float("inf"), "must be a finite number above 0"),
        ("seed", -1, "must be between 0 and 2^64 - 1"),
        ("seed", 2**64, "must be between 0 and 2^64 - 1"),
        ("l1", -0.1, "must be a finite number of at least 0"),
        ("l2", float("inf"), "must be a finite number of at least 0"),
        ("clip_norm", 0.0, "must be a finite number above 0"),
        ("max_norm", float("nan"), "must be a finite number above 0"),
        ("ema", 1.0, "must be at least 0 and below 1"),
        *((field, "nonsense", "must be one of " + ", ".join(choices)) for field, choices in CHOICES.items()),
    ],
)
def test_an_option_out_of_its_range_is_named_as_its_user_knows_it(field, value, rule):
    with pytest.raises(ConfigError) as refused:
        replace(SYNC, **{field: value})
    error = refused.value
    shown = ",".join(map(str, value)) if field == "sizes" else value
    assert (error.field, error.value) == (field, shown)
    assert error.rule.startswith(rule)
    assert str(error).startswith(f"{field} {error.rule}, got {shown}")
    assert error.text("--x") == f"--x {error.rule}, got {shown}" + (f"; {error.hint}" if error.hint else "")


def test_very_many_layers_are_told_by_their_number():
    with pytest.raises(ConfigError, match="sizes may have at most 10000, got 10001 layers"):
        replace(SYNC, sizes=(6,) * 10_001)


def test_a_hint_comes_last():
    with pytest.raises(ConfigError) as refused:
        replace(SYNC, learning_rate=-1.0)
    assert refused.value.text("--learning-rate") == (
        "--learning-rate must be a finite number above 0, got -1.0; the notebook used 3.0"
    )


def test_a_configuration_is_given_by_names_alone():
    with pytest.raises(TypeError):
        TrainConfig((6, 5, 3), 1, 4, 3.0, SyncSGD(shards=2))  # type: ignore[misc]


@pytest.mark.parametrize("field", sorted(CHOICES.keys() - {"arithmetic"}))
def test_every_choice_of_a_registry_is_taken(field):
    for choice in CHOICES[field]:
        output = LOSSES[choice].outputs[0] if field == "loss" else SYNC.output
        assert getattr(replace(SYNC, **{"output": output, "loss": "", field: choice}), field) == choice


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
def test_an_arithmetic_has_dtypes_of_its_own_and_the_first_is_the_default(arithmetic):
    """Of the defaults, all but the strategy follow from it."""
    dtypes = ARITHMETICS[arithmetic].dtypes
    strategy = SyncSGD(shards=None if ARITHMETICS[arithmetic].any_order else 2)
    for dtype in ("", *dtypes):
        config = replace(SYNC, arithmetic=arithmetic, dtype=dtype, strategy=strategy)
        assert config.dtype == config.numpy_dtype.name == (dtype or dtypes[0])
        assert config.any_order is ARITHMETICS[arithmetic].any_order


def test_exact_is_the_default():
    config = TrainConfig(sizes=(6, 5, 3), epochs=1, mini_batch_size=4, learning_rate=3.0, strategy=SyncSGD())
    assert config == EXACT
    assert (config.arithmetic, config.dtype, config.initializer) == ("exact", "float64", "normal")
    assert (config.numbers, SYNC.numbers) == ("exact arithmetic", "native float32")


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"dtype": "float32"}, "dtype", "must be float64 in exact arithmetic"),
        ({"dtype": "float16"}, "dtype", "must be float64 in exact arithmetic"),
        (
            {"initializer": "standard-normal"},
            "initializer",
            "must be one of normal, nielsen, lecun, glorot, he in exact arithmetic",
        ),
        ({"strategy": SyncSGD(shards=2)}, "shards", "has no meaning in exact arithmetic"),
        ({"arithmetic": "native"}, "shards", "must be given in native arithmetic"),
        ({"mini_batch_size": 2**21 + 1}, "mini_batch_size", f"must be at most {2**21} for exact sums"),
        ({"sizes": (2**21 + 1, 3)}, "sizes", f"must be at most {2**21} for exact sums"),
        ({"sizes": (6, 2**21 + 1, 3)}, "sizes", f"must be at most {2**21} for exact sums"),
    ],
)
def test_what_exact_arithmetic_cannot_have_is_named(change, field, rule):
    with pytest.raises(ConfigError) as refused:
        replace(EXACT, **change)
    assert (refused.value.field, refused.value.rule) == (field, rule)
    assert "\n" not in str(refused.value)


def test_exact_arithmetic_has_what_is_just_not_too_large():
    for change in ({"mini_batch_size": 2**21}, {"sizes": (2**21, 3)}, {"sizes": (2, 2**21, 3)}):
        replace(EXACT, **change)


def test_exact_local_sgd_needs_no_shards_either():
    assert replace(EXACT, strategy=LocalSGD(local_steps=5)).numbers == "exact arithmetic"


LEARNING = replace(
    SYNC,
    optimizer=Adam(0.8),
    schedule=CosineDecay(warm_up=0.1),
    l1=1.0,
    l2=2.0,
    clip_norm=3.0,
    max_norm=4.0,
    ema=0.5,
)
DEFORMED = replace(
    EXACT,
    augment=Augmentation(elastic=3.6, rotate=9),
    image_shape=(2, 3),
    standardize=(0.5, 0.25),
    class_weights=(1, 2, 0.5),
)
NO_SHARDS = replace(EXACT, strategy=LocalSGD(local_steps=5))


@pytest.mark.parametrize("config", [SYNC, LOCAL, EXACT, NO_SHARDS, LEARNING, DEFORMED])
def test_a_configuration_survives_its_journey(config):
    assert TrainConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_a_configuration_is_kept_under_these_names():
    assert SYNC.to_json() == {
        "sizes": [6, 5, 3],
        "activation": "sigmoid",
        "output": "sigmoid",
        "loss": "quadratic",
        "initializer": "normal",
        "standardize": None,
        "arithmetic": "native",
        "dtype": "float32",
        "epochs": 1,
        "mini_batch_size": 4,
        "optimizer": {"kind": "sgd"},
        "learning_rate": 3.0,
        "schedule": {"kind": "constant", "warm_up": 0.0},
        "l1": 0.0,
        "l2": 0.0,
        "clip_norm": None,
        "max_norm": None,
        "ema": 0.0,
        "dropout": 0.0,
        "input_dropout": 0.0,
        "label_smoothing": 0.0,
        "class_weights": [],
        "augment": None,
        "image_shape": None,
        "seed": 0,
        "train_samples": 0,
        "start": "",
        "strategy": {"kind": "sync-sgd", "shards": 2},
        "monitor": "validation-accuracy",
        "early_stopping": 0,
    }
    learning = LEARNING.to_json()
    assert learning["optimizer"] == {"kind": "adam", "beta1": 0.8, "beta2": 0.999, "epsilon": 1e-8}
    assert learning["schedule"] == {"kind": "cosine", "warm_up": 0.1}
    exact = EXACT.to_json()
    assert (exact["arithmetic"], exact["dtype"], exact["strategy"]) == ("exact", "float64", {"kind": "sync-sgd"})
    assert LOCAL.to_json()["strategy"] == {
        "kind": "local-sgd",
        "local_steps": 5,
        "replicas": 3,
        "outer_momentum": 0.5,
    }


OF_0_1 = {"sizes": [6, 5, 3], "epochs": 1, "mini_batch_size": 4, "eta": 3.0}


@pytest.mark.parametrize(
    ("fields", "config"),
    [
        ({"seed": 0, "shards": 2, "dtype": "float32", "local_steps": 0, "replicas": 1, "outer_momentum": 0.0}, SYNC),
        ({"seed": 0, "shards": 2, "dtype": "float32"}, SYNC),  # of before local SGD
        ({"seed": 7, "shards": 1, "dtype": "float64", "local_steps": 5, "replicas": 3, "outer_momentum": 0.5}, LOCAL),
    ],
)
def test_a_configuration_of_version_0_1_is_still_read(fields, config):
    given = {**OF_0_1, **fields}
    kept = dict(given)
    assert TrainConfig.from_json(given) == replace(config, initializer="standard-normal", monitor="none")
    assert given == kept


def test_a_configuration_of_before_exact_arithmetic_is_native():
    fields = {**SYNC.to_json(), "initializer": "standard-normal"}
    del fields["arithmetic"]
    assert TrainConfig.from_json(fields) == replace(SYNC, initializer="standard-normal")


def test_a_configuration_of_before_optimizers_had_options_is_still_read():
    fields = {**SYNC.to_json(), "optimizer": "sgd", "schedule": "constant"}
    for name in ("l1", "l2", "clip_norm", "max_norm", "ema"):
        del fields[name]
    assert TrainConfig.from_json(fields) == SYNC


@pytest.mark.parametrize(
    "change",
    [
        {"strategy": {"kind": "unknown", "shards": 2}},
        {"strategy": {"kind": "sync-sgd", "shards": 2, "replicas": 2}},
        {"strategy": {"kind": "sync-sgd"}},
        {"arithmetic": "exact"},
        {"arithmetic": None},
        {"strategy": None},
        {"colour": "red"},
        {"epochs": 0},
        {"activation": "unknown"},
        {"optimizer": "unknown"},
        {"schedule": {"kind": "cosine", "momentum": 0.5}},
    ],
)
def test_fields_that_are_no_configuration_are_refused(change):
    with pytest.raises((ConfigError, TypeError, KeyError)):
        TrainConfig.from_json({**SYNC.to_json(), **change})


@pytest.mark.parametrize("missing", ["eta", "shards", "sizes"])
def test_fields_of_version_0_1_that_are_not_complete_are_refused(missing):
    fields = {**OF_0_1, "seed": 0, "shards": 2, "dtype": "float32"}
    del fields[missing]
    with pytest.raises((TypeError, KeyError)):
        TrainConfig.from_json(fields)


@pytest.mark.parametrize(
    ("data", "field", "rule"),
    [
        ((100, 7, 3), "sizes", "must begin with 7, the number of inputs in the data"),
        ((100, 6, 4), "sizes", "must end with 4, the number of classes in the data"),
        ((3, 6, 3), "mini_batch_size", "must be at most 3, the number of training samples"),
        ((39, 6, 3), "replicas", "must be at most 2, among which 39 training samples can be divided"),
    ],
)
def test_a_configuration_that_does_not_fit_the_data_is_refused(data, field, rule):
    with pytest.raises(ConfigError) as refused:
        LOCAL.check_data(*data)
    assert (refused.value.field, refused.value.rule) == (field, rule)
    LOCAL.check_data(41, 6, 3)


def test_the_learning_rate_at_a_step_is_the_schedules():
    assert [SYNC.learning_rate_at(step, 10**6) for step in (0, 1, 10**6 - 1)] == [3.0, 3.0, 3.0]
    falls = replace(SYNC, schedule=StepDecay(every=2, decay=0.5), epochs=6)
    assert [falls.learning_rate_at(4 * epoch + 3, 4) for epoch in range(6)] == [3.0, 3.0, 1.5, 1.5, 0.75, 0.75]
    halved = replace(SYNC, schedule=Halving())
    assert [halved.learning_rate_at(0, 4, reductions) for reductions in range(3)] == [3.0, 1.5, 0.75]
    ends = replace(SYNC, schedule=CosineDecay(), epochs=2)
    assert [ends.learning_rate_at(step, 4) for step in (0, 4)] == [3.0, 1.5]  # half of the run is over


@pytest.mark.parametrize("schedule", [Plateau(), Halving()])
def test_replicas_know_nothing_of_how_well_the_run_learns(schedule):
    with pytest.raises(ConfigError) as refused:
        replace(LOCAL, schedule=schedule)
    assert (refused.value.field, refused.value.value) == ("schedule", schedule.kind)
    replace(SYNC, schedule=schedule)


def test_what_becomes_of_a_gradient_is_told_where_it_is_not_as_in_the_notebook():
    assert SYNC.learning == "learning rate 3.0"
    assert LEARNING.learning == (
        "learning rate 3.0, adam (beta1 0.8, beta2 0.999, epsilon 1e-08), cosine (warm up 0.1), l1 1, l2 2, "
        "clip norm 3, max norm 4, ema 0.5"
    )
    assert replace(SYNC, schedule=Constant(warm_up=5)).learning == "learning rate 3.0, constant (warm up 5)"


def test_a_run_has_its_epochs_steps():
    assert replace(SYNC, epochs=7).n_steps(10) == 7 * 3
    assert replace(LOCAL, epochs=7).n_steps(100) == 7 * 2


def test_a_step_of_synchronous_sgd_is_one_mini_batch():
    assert (SYNC.samples_per_step, SYNC.shards_per_step) == (4, 2)
    assert replace(SYNC, strategy=SyncSGD(shards=9)).shards_per_step == 4  # none is empty
    assert (EXACT.samples_per_step, EXACT.shards_per_step) == (4, 4)  # a step may be cut at every sample
    assert SYNC.sampler(10).steps_per_epoch == SYNC.mini_batches_per_epoch(10) == 3


def test_a_step_of_local_sgd_is_all_replicas_mini_batches():
    assert (LOCAL.samples_per_step, LOCAL.shards_per_step) == (4 * 5 * 3, 3)
    assert (LOCAL.sampler(100).steps_per_epoch, LOCAL.mini_batches_per_epoch(100)) == (2, 25)


def test_the_optimizer_of_a_step_is_the_strategys():
    assert (SYNC.step_optimizer(), LEARNING.step_optimizer()) == (SGD(), Adam(0.8))
    assert LOCAL.step_optimizer() == Nesterov(0.5)
    assert replace(LOCAL, optimizer=Adam()).step_optimizer() == Nesterov(0.5)


def test_what_is_remembered_is_the_optimizers_and_the_averages():
    parameters = LEARNING.initial_parameters()
    names = {"gradients", "squares", "power_of_beta1", "power_of_beta2", "average", "updates"}
    assert LEARNING.initial_optimizer_state(parameters).keys() == names
    assert LOCAL.initial_optimizer_state(LOCAL.initial_parameters()).keys() == {"ahead"}
    assert SYNC.initial_optimizer_state(SYNC.initial_parameters()) == {}


def test_penalties_are_shared_among_the_training_samples():
    """Nielsen's lambda: w (1 - eta lambda / n)."""
    config = replace(EXACT, l2=5.0)
    parameters, before = config.initial_parameters(), config.initial_parameters()
    config.step_update(1000)(parameters, {}, np.zeros_like(parameters.flat), 10, 0.5)
    np.testing.assert_allclose(parameters.weights[0], before.weights[0] * (1 - 0.5 * 5.0 / 1000), rtol=1e-13)
    assert (parameters.biases[0] == before.biases[0]).all()


def test_local_steps_have_the_penalties_and_averages_have_not():
    config = replace(LOCAL, l2=5.0, clip_norm=0.1)
    for update, moved in ((config.local_update(1000), True), (config.step_update(1000), False)):
        parameters = config.initial_parameters()
        update(parameters, config.initial_optimizer_state(parameters), np.zeros_like(parameters.flat), 1, 1.0)
        assert (parameters.sha256 != config.initial_parameters().sha256) is moved


def test_the_weights_are_as_large_as_said():
    parameters = LOCAL.initial_parameters()
    assert parameters.flat.nbytes == LOCAL.nbytes == 8 * Parameters.count((6, 5, 3))
    assert parameters.dtype == np.float64
    assert (EXACT.initial_parameters().flat.nbytes, EXACT.nbytes) == (LOCAL.nbytes, LOCAL.nbytes)


def test_a_run_has_the_steps_of_one_with_other_epochs_and_of_no_other():
    longer = replace(EXACT, epochs=60)
    assert EXACT.has_steps_of(EXACT)
    assert EXACT.has_steps_of(longer) and longer.has_steps_of(EXACT)
    for changed in (
        replace(longer, seed=1),
        replace(longer, learning_rate=1.0),
        replace(longer, train_samples=9),
        LOCAL,
    ):
        assert not EXACT.has_steps_of(changed)


def test_a_schedule_that_depends_on_the_end_makes_the_number_of_epochs_a_part_of_every_step():
    falling = replace(EXACT, schedule=CosineDecay())
    assert (EXACT.depends_on_end, falling.depends_on_end) == (False, True)
    assert falling.has_steps_of(falling)
    assert not falling.has_steps_of(replace(falling, epochs=60))


def test_more_training_samples_than_there_are_cannot_be_asked_for():
    config = replace(EXACT, train_samples=40)
    config.check_data(40, 6, 3)  # of the first 40
    with pytest.raises(ConfigError, match="train_samples must be at most 30, the number of training samples"):
        config.check_data(30, 6, 3)
    with pytest.raises(ConfigError, match="train_samples must be at least 1, got -1; leave it out for all"):
        replace(EXACT, train_samples=-1)


@pytest.mark.parametrize(
    ("fields", "field", "rule"),
    [
        ({"monitor": "test-accuracy"}, "monitor", "must be one of validation-accuracy, validation-cost, "),
        ({"early_stopping": -1}, "early_stopping", "must be 0 or more epochs"),
        ({"early_stopping": 3, "monitor": "none"}, "early_stopping", "needs a figure by which epochs are compared"),
        ({"schedule": Plateau(), "monitor": "none"}, "schedule", "needs a figure by which epochs are compared"),
    ],
)
def test_what_cannot_be_chosen_by_is_refused(fields, field, rule):
    with pytest.raises(ConfigError) as error:
        replace(SYNC, **fields)
    assert error.value.field == field
    assert error.value.rule.startswith(rule)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "monitor"),
        ({"monitor": "validation-cost"}, "monitor"),
        ({"early_stopping": 3}, "early_stopping"),
        ({"schedule": Halving()}, "schedule"),
        ({"schedule": Halving(), "monitor": "training-cost"}, ""),
        ({"monitor": "training-cost", "early_stopping": 3}, ""),
        ({"monitor": "none"}, ""),
    ],
)
def test_what_needs_validation_samples_is_refused_without(fields, field):
    config = replace(SYNC, **fields)
    config.check_validation(1)
    if not field:
        config.check_validation(0)
        return
    with pytest.raises(ConfigError, match="needs validation samples, and the data has none") as error:
        config.check_validation(0)
    assert error.value.field == field
