"""What a sweep's file says, and what is wrong in it, in one line."""

import pytest

from coordinator.sweeps.definition import Definition, Search
from coordinator.sweeps.pruning import Pruning
from shared.errors import ConfigError, DataError

SEARCH = "[search]\nlearning-rate = [0.1, 1.0]\nhidden = [[10], [20], [30]]\n"


def parsed(text: str) -> Definition:
    return Definition.parse(text.encode(), "sweep.toml")


def test_a_file_has_fixed_options_what_varies_and_how_it_is_searched():
    found = parsed(f'epochs = 3\n{SEARCH}[sweep]\nmethod = "tpe"\ntrials = 9\npruning = "median"\nwarm-up = 2\n')
    assert found.fixed == {"epochs": 3}
    assert [*found.space] == ["learning-rate", "hidden"]
    assert found.search == Search(method="tpe", trials=9, pruning=Pruning("median", warm_up=2))
    assert Search.of(found.search.to_table()) == found.search
    assert found.search.in_order


def test_how_many_trials_there_are():
    assert parsed(f'{SEARCH}[sweep]\nmethod = "grid"').n_trials == 6
    assert parsed(f'{SEARCH}[sweep]\nmethod = "grid"\ntrials = 4').n_trials == 4
    assert parsed(SEARCH).n_trials == 6  # which is all that there is
    assert parsed("[search]\nx = {low = 0, high = 1}").n_trials == 20


def test_what_is_no_toml_is_said_with_its_place():
    with pytest.raises(DataError, match=r"^sweep.toml is no TOML: "):
        parsed("epochs = ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epochs = 3", "search must say what varies"),
        (f"hidden = [3]\n{SEARCH}", "search.hidden cannot both vary and be fixed"),
        (f'{SEARCH}monitor = ["none"]', "cannot vary: trials could not be compared"),
        (f'fold = "1/5"\n{SEARCH}', "give folds = 5 in [sweep]"),
        (f'monitor = "training-cost"\n{SEARCH}[sweep]\nmonitor = "validation-cost"', "is given twice"),
        (f"{SEARCH}[sweep]\ntrails = 3", "sweep.trails is nothing of a sweep, got 3; did you mean trials?"),
        (f'{SEARCH}[sweep]\ntrials = "3"', "sweep.trials must be a whole number, got '3'"),
        (f"{SEARCH}[sweep]\ntrials = true", "sweep.trials must be a whole number, got True"),
        (f"{SEARCH}[sweep]\ntrials = 0", "trials must be between 1 and"),
        (f'{SEARCH}[sweep]\nmethod = "genetic"', "method must be one of grid, random, tpe"),
        (f"{SEARCH}[sweep]\nfolds = 1", "folds must be two or more"),
        (f"{SEARCH}[sweep]\nwarm_up = 3", "sweep.warm_up goes with pruning"),
        (f'{SEARCH}[sweep]\nfolds = 3\npruning = "median"', "does not go with folds"),
        (f'{SEARCH}[sweep]\nmonitor = "none"', "monitor must be one of validation-accuracy"),
        ("sweep = 3\n" + SEARCH, "sweep must be a table"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(text, said):
    with pytest.raises(ConfigError) as error:
        parsed(text)
    assert said in error.value.text(error.value.field)
