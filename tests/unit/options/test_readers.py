"""What a file of a sweep says is what would be typed: the same options, by the same names, with the same checks."""

import click
import pytest

from coordinator.api.trial_options import NOT_OF_TRIALS, START
from coordinator.cli.train import train_command
from coordinator.options.readers import NAMES, READERS, text_of
from coordinator.options.reading import READING
from shared.errors import ConfigError

PARAMS = {param.name: param for param in train_command.params}
TEXTS = ["", "0", "1", "-1", "0.5", "1e-3", "nan", "2.5e400", "1,2", "1,,2", "30,x", "1/5", "6/5", "true", "No", "a b"]
TEXTS += [
    "relu",
    "sgd",
    "exact",
    "auto",
    "balanced",
    "elastic=3.6,rotate=9",
    "elastic=x",
    "labels.npy",
    "validation-cost",
]


def outcome(read, text) -> object:
    try:
        return repr(read(text))
    except click.BadParameter as error:
        return error.message.replace("integer range", "integer").replace("values: , 0", "values: 0")
    except (ValueError, ConfigError) as error:
        return str(error)


@pytest.mark.parametrize("option", READERS)
def test_a_text_is_read_as_on_the_command_line(option):
    param = PARAMS[option]
    for text in TEXTS if option != "stratify" else TEXTS[1:]:
        assert outcome(READERS[option], text) == outcome(lambda text: param.type.convert(text, param, None), text)


def test_trials_have_the_commands_options_by_their_names_but_those_of_a_single_run():
    of_train = {name.lstrip("-").replace("-", "_"): param.name for param in PARAMS.values() for name in param.opts}
    left = {name: option for name, option in of_train.items() if name not in NAMES and len(name) > 1}
    assert left.keys() == {*NOT_OF_TRIALS, START, "recipe", "config"}
    assert {name: option for name, option in of_train.items() if name in NAMES} == NAMES


def test_what_decides_which_samples_there_are_is_not_given_by_default():
    given = train_command.make_context("train", []).params
    assert {given[name] for name in READING} == {None}


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("hidden", [100, 50], "100,50"),
        ("hidden", 30, "30"),
        ("stratify", False, "false"),
        ("test", 0.25, "0.25"),
        ("augment", {"elastic": 3.6, "shift": 0}, "elastic=3.6"),
        ("epochs", 3, "3"),
    ],
)
def test_a_value_of_a_file_is_what_would_be_typed(option, value, text):
    assert text_of(option, value) == text


@pytest.mark.parametrize(("value", "complaint"), [("3", "'3' is not a number"), (True, "True is not a number")])
def test_a_number_is_no_text(value, complaint):
    with pytest.raises(ValueError, match=complaint):
        text_of("epochs", value)
