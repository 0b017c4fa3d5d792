"""What varies in a sweep."""

import pytest

from coordinator.sweeps.methods import Grid, Random
from coordinator.sweeps.space import Choices, Range, grid, grid_size, space_of
from shared.errors import ConfigError

RATE = {"low": 0.001, "high": 1.0, "log": True}


def test_a_table_has_choices_and_ranges():
    space = space_of({"hidden": [[30], [100, 50]], "learning-rate": RATE, "epochs": {"low": 1, "high": 9, "int": True}})
    assert space == {
        "hidden": Choices(([30], [100, 50])),
        "learning-rate": Range(0.001, 1.0, log=True),
        "epochs": Range(1.0, 9.0, whole=True),
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "search.x must have one value or more"),
        ([1, 1], "has a value twice"),
        (3, "must be a list of values, or a range, got 3; like"),
        ({"low": 1}, "needs a high"),
        ({"low": 2, "high": 1}, "search.x.high must be above low, 2, got 1"),
        ({"low": 0, "high": 1, "log": True}, "search.x.low must be above 0 in a range with log"),
        ({"low": 0.5, "high": 2, "int": True}, "must be whole, as must high"),
        ({"low": "a", "high": 1}, "search.x.low must be a number, got 'a'"),
        ({"low": 1, "high": 2, "log": 1}, "must be true or false"),
        ({"low": 1, "high": 2, "step": 1}, "search.x.step is not one of low, high, log, int, count"),
        ({"low": 1, "high": 2, "count": 1}, "search.x.count must be between 2 and"),
    ],
)
def test_what_is_neither_is_refused_in_a_line(given, said):
    with pytest.raises(ConfigError) as error:
        space_of({"x": given})
    assert said in error.value.text(error.value.field)


def test_a_grid_has_every_combination_once_the_last_option_fastest():
    space = space_of({"a": [1, 2], "b": {"low": 0.01, "high": 1.0, "log": True, "count": 3}})
    assert [*grid(space)] == [{"a": a, "b": b} for a in (1, 2) for b in (0.01, 0.1, 1.0)]
    assert grid_size(space) == 6
    assert [Grid(space).values(number, {}) for number in range(6)] == [*grid(space)]
    assert space_of({"n": {"low": 1, "high": 3, "int": True, "count": 9}})["n"].points == [1, 2, 3]


def test_a_grid_needs_to_know_how_many_values_of_a_range():
    with pytest.raises(ConfigError, match=r"search.rate needs a count in a grid, got a range from 0.001 to 1"):
        grid_size(space_of({"rate": RATE}))


def test_drawn_values_depend_on_the_seed_and_the_number_alone_and_are_the_same_everywhere():
    space = space_of({"rate": RATE, "hidden": [10, 20, 30], "n": {"low": 1, "high": 4, "int": True}})
    drawn = [Random(space, 7).values(number, {}) for number in range(200)]
    assert drawn[:2] == [
        {"rate": drawn[0]["rate"], "hidden": drawn[0]["hidden"], "n": drawn[0]["n"]},
        Random(space, 7).values(1, {}),
    ]
    assert drawn != [Random(space, 8).values(number, {}) for number in range(200)]
    assert {each["hidden"] for each in drawn} == {10, 20, 30}
    assert {each["n"] for each in drawn} == {1, 2, 3, 4}
    rates = [each["rate"] for each in drawn]
    assert min(rates) >= 0.001 and max(rates) <= 1.0
    assert 0.3 < sum(rate < 0.0316 for rate in rates) / 200 < 0.7  # evenly spread by their logarithms
    assert all(float(f"{rate:.6g}") == rate for rate in rates)


@pytest.mark.parametrize("share", [0.0, 0.5, 1 - 2**-53])
def test_no_value_is_out_of_its_range(share):
    assert 0.3 <= Range(0.3, 0.7).at(share) <= 0.7
    assert 2 <= Range(2.0, 5.0, whole=True).at(share) <= 5
    assert 1 <= Range(1.0, 1000.0, log=True, whole=True).at(share) <= 1000
    assert Choices((1, 2)).at(share) in (1, 2)
