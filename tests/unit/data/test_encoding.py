"""What becomes of columns, classes and targets, there and back."""

import json
from dataclasses import replace

import numpy as np
import pytest

from shared.data.columns import Categorical, Numeric
from shared.data.encoding import Encoding, Target
from shared.data.new_encoding import fit_columns
from shared.data.tables import Table
from shared.errors import DataError

ENCODING = Encoding(
    columns=(Numeric("height", 170.0, 10.0), Categorical("colour", ("blue", "red"))),
    classes=("no", "yes"),
    target=("answer",),
)
NUMBERS = Encoding(columns=(Numeric("0", 0.0, 1.0),), targets=(Target("price", 100.0, 20.0),))


@pytest.mark.parametrize(
    "encoding", [Encoding(), ENCODING, NUMBERS, Encoding(classes=(True, 2, 3.5), image_size=(2, 3))]
)
def test_it_is_the_same_after_json(encoding):
    assert Encoding.from_json(json.loads(json.dumps(encoding.to_json()))) == encoding


def test_inputs_are_deviations_and_categories_divided_by_8():
    table = {"colour": ["red", "blue"], "height": [180.0, 1000.0], "name": ["x", "y"]}
    inputs = ENCODING.inputs(table)
    assert inputs.dtype == np.float32
    assert (inputs * 8).tolist() == [[1, 0, 1], [8, 1, 0]]
    assert ENCODING.input_names == ["height", "colour=blue", "colour=red"]


def test_columns_without_names_are_taken_in_their_order():
    assert NUMBERS.inputs(np.array([[1.0], [2.0]])).tolist() == [[0.125], [0.25]]
    assert NUMBERS.inputs({"whatever": [1, 2]}).tolist() == [[0.125], [0.25]]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"height": [1, np.nan], "colour": ["red", "red"]}, "row 1, column height: the value is missing"),
        ({"height": [1, np.inf], "colour": ["red", "red"]}, "row 1, column height: inf is not finite"),
        ({"height": ["1", "tall"], "colour": ["red", "red"]}, "row 1, column height: 'tall' is no number"),
        (
            {"height": [1, 2], "colour": ["red", "green"]},
            "row 1, column colour: 'green' is none of the categories 'blue'",
        ),
        ({"height": [1, 2], "colour": ["red", None]}, "row 1, column colour: the value is missing"),
        ({"height": [1, 2]}, "has no column 'colour'"),
        (np.zeros((2, 3)), "has 3 columns where 2 are expected"),
        (np.zeros(2), "has shape (2,); give a row for each sample"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_row_and_column(table, message):
    with pytest.raises(DataError) as refused:
        ENCODING.inputs(table)
    assert message in str(refused.value)


def test_a_row_that_is_refused_is_counted_from_the_first_of_all():
    with pytest.raises(DataError, match="row 9000, "):
        NUMBERS.inputs(np.where(np.arange(10_000) == 9000, np.nan, 0.0)[:, np.newaxis])


@pytest.mark.parametrize(("impute", "expected"), [("mean", 3.0), ("median", 2.0), ("most-frequent", 1.0)])
def test_what_stands_for_a_missing_value_is_made_of_the_training_rows(impute, expected):
    table = Table.of({"a": [1, 1, 2, 3, 8, np.nan, 1000], "b": ["y", "x", "x", "y", "", "z", "z"]})
    number, text = fit_columns(table, np.arange(5), impute)
    assert (number.missing, text.missing) == (expected, "x")
    encoded = Encoding(columns=(number, text)).inputs(table)
    assert encoded[5, 0] == np.float32((expected - 3) / number.deviation / 8)
    assert encoded[4, 1:].tolist() == [0.125, 0, 0]


def test_a_column_of_numbers_some_of_which_are_damaged_is_no_column_of_categories():
    with pytest.raises(DataError, match="row 2, column a: 'I7' is no number"):
        fit_columns(Table.of({"a": ["15", "16", "I7"]}), np.arange(3))


def test_a_column_of_names_is_no_input():
    names = Table.of({"name": [f"n{k}" for k in range(1001)]})
    with pytest.raises(DataError, match=r"column name has 1001 different texts.* leave it out with --ignore name"):
        fit_columns(names, np.arange(1001))


def test_labels_are_numbers_of_classes_and_answers_their_names():
    assert ENCODING.labels(np.array(["yes", "no"])).tolist() == [1, 0]
    assert ENCODING.answers(np.array([[0.1, 0.9], [0.6, 0.4]])).tolist() == ["yes", "no"]
    assert replace(ENCODING, classes=(3, 7)).labels([7.0, 3]).tolist() == [1, 0]
    with pytest.raises(DataError, match="row 1: 'maybe' is none of the classes no, yes"):
        ENCODING.labels(["yes", "maybe"])


def test_targets_come_back_as_they_were():
    wanted = NUMBERS.wanted([120.0, 90.0])
    assert wanted.tolist() == [[1], [-0.5]]
    assert NUMBERS.answers(wanted).tolist() == [120, 90]


def test_bytes_and_plain_numbers_stay_as_they_are():
    images = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert Encoding().inputs(images).tolist() == images.reshape(2, 6).tolist()
    assert Encoding().inputs([[0.5, -1]]).tolist() == [[0.5, -1]]
    assert Encoding().answers(np.eye(3)).tolist() == [0, 1, 2]
    with pytest.raises(DataError, match="row 0, column 1: nan is not finite"):
        Encoding().inputs([[0.5, np.nan]])
