"""The recipes that come with the program."""

import tomllib

import pytest

from coordinator.cli.settings_files import read_settings
from coordinator.cli.train import train_command
from coordinator.options.precedence import Values
from coordinator.options.texts import ABOUT
from coordinator.recipes.catalogue import recipe, recipes
from tests.support.command_line import configured

NAMES = {
    *("notebook", "nielsen-30", "nielsen-100", "overfit", "overfit-l2"),
    *("mlp-800", "mlp-1000-500", "mlp-best", "fashion"),
}
each_recipe = pytest.mark.parametrize("name", sorted(NAMES))


def test_these_are_there():
    assert {each.name for each in recipes()} == NAMES


def test_the_list_tells_of_each_what_it_is_reaches_and_takes(main_here, capsys):
    assert main_here("recipes") == 0
    printed = capsys.readouterr().out
    assert printed.count("\n") == 3 * len(NAMES)
    for name in NAMES:
        about = recipe(name).about
        told = f"{name}: {about['description']}\n    reaches {about['reaches']}\n    takes {about['takes']}\n"
        assert told in printed


@each_recipe
def test_a_recipe_is_printed_as_a_file_that_one_can_change(main_here, capsys, name):
    assert main_here("recipes", name) == 0
    printed = capsys.readouterr().out
    assert printed == recipe(name).text
    fields = tomllib.loads(printed)
    assert all(isinstance(fields[each], str) and "\n" not in fields[each] for each in ABOUT)


@pytest.fixture
def values(name) -> Values:
    return read_settings(recipe(name).path, train_command).values


@each_recipe
def test_where_it_is_computed_and_on_which_data_is_for_its_user_to_say(values):
    assert not values.keys() & {"workers", "redis_address", "data", "runs", "seed"}


@each_recipe
@pytest.mark.parametrize("arithmetic", ["exact", "native"])
def test_its_options_go_together(name, values, arithmetic):
    config = configured({**values, "arithmetic": arithmetic})
    config.check_data(config.train_samples or 50_000, 784, 10)
    if (name, arithmetic) == ("notebook", "exact"):
        assert config == configured({})


@pytest.mark.parametrize("command", [["recipes", "x"], ["train", "--recipe", "x"]])
def test_an_unknown_recipe_is_refused_with_those_that_there_are(main_here, capsys, command):
    assert main_here(*command) == 2
    line = capsys.readouterr().err
    assert line.startswith("gradmq: --recipe must be one of fashion, ")
    assert line.endswith("got x; `gradmq recipes` tells what they are\n")
