"""The options of a training as Python takes them: those of the command line, by the same names."""

import numpy as np
import pytest

from coordinator.cli.train import train_command
from coordinator.options.defaults import DEFAULTS, completed, names_of
from shared.data.augment.options import Augmentation
from shared.errors import ConfigError


def test_python_has_the_command_lines_options_and_defaults():
    given = train_command.make_context("train", []).params
    assert {name: given[name] for name in DEFAULTS} == DEFAULTS


def test_what_is_not_given_is_as_by_default():
    assert completed({}) == DEFAULTS
    assert completed({"epochs": None}) == DEFAULTS
    assert names_of({"epochs": None, "eta": 1}) == {"learning_rate"}


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"hidden": 100}, "hidden", (100,)),
        ({"hidden": [100, np.int64(50)]}, "hidden", (100, 50)),
        ({"sizes": np.array([784, 30, 10])}, "sizes", (784, 30, 10)),
        ({"learning_rate": np.float32(0.5)}, "learning_rate", 0.5),
        ({"eta": 1}, "learning_rate", 1.0),
        ({"cost": "cross-entropy"}, "loss", "cross-entropy"),
        ({"epochs": np.int64(3)}, "epochs", 3),
        ({"seed": 2**64 - 1}, "seed", 2**64 - 1),
        ({"class_weights": "balanced"}, "class_weights", "balanced"),
        ({"class_weights": [1, 2]}, "class_weights", (1.0, 2.0)),
        ({"standardize": "auto"}, "standardize", "auto"),
        ({"standardize": (0.1307, 0.3081)}, "standardize", (0.1307, 0.3081)),
        ({"patience": 3.0}, "patience", 3),
        ({"momentum": 0}, "momentum", 0.0),
        ({"augment": "shift"}, "augment", Augmentation(shift=1.0)),
    ],
)
def test_a_value_becomes_that_of_a_configuration(given, name, value):
    found = completed(given)[name]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epoch": 3}, "epoch is no option of a training, got 3; did you mean epochs?"),
        ({"xyz": 3}, "xyz is no option of a training, got 3; `gradmq train -h` lists what there is"),
        ({"epochs": "3"}, "epochs must be a number, got '3'"),
        ({"epochs": 2.5}, "epochs must be a whole number, got 2.5"),
        ({"epochs": True}, "epochs must be a number, got True"),
        ({"learning_rate": "fast"}, "learning_rate must be a number, got 'fast'"),
        ({"activation": 3}, "activation must be a word, got 3"),
        ({"hidden": "30"}, "hidden must be a number, got '30'"),
    ],
)
def test_a_wrong_option_is_named_with_its_value(given, message):
    with pytest.raises(ConfigError) as refused:
        completed(given)
    assert str(refused.value) == message
