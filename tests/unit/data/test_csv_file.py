"""CSV files as people have them, and the ways for them to be none."""

import csv
import gzip
import importlib

import numpy as np
import pytest

from shared.data import csv_file
from shared.data.csv_file import read_csv
from shared.errors import DataError

IRIS = "length,width,species\n5.1,3.5,setosa\n\n4.9,3.0,virginica\n"


@pytest.fixture
def table(tmp_path):
    def read(content):
        path = tmp_path / "iris.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_csv(path)

    return read


@pytest.mark.parametrize(
    "content",
    [
        IRIS,
        "\ufeff" + IRIS,
        IRIS.replace("\n", "\r\n"),
        IRIS.replace(",", ";").replace(".", ","),
        IRIS.replace(",", "\t"),
        '"length", "width", "species"\n"5.1", 3.5, "setosa"\n4.9, 3.0, virginica',
        gzip.compress(IRIS.encode(), mtime=0),
    ],
)
def test_columns_of_numbers_and_of_texts(table, content):
    found = table(content)
    assert found.names == ("length", "width", "species")
    assert found.columns[0].tolist() == [5.1, 4.9]
    assert found.columns[2].tolist() == ["setosa", "virginica"]
    assert found.place(1, 2).endswith("column species")


def test_each_row_knows_its_line(table):
    assert table(IRIS).place(1, 0).endswith("iris.csv, line 4, column length")
    assert table(IRIS).rows(np.array([1])).place(0).endswith("line 4")


def test_without_a_line_of_names_columns_have_numbers(table):
    found = table("1,a\n2,b\n")
    assert (found.names, found.has_names, len(found)) == (("0", "1"), False, 2)


def test_what_is_missing_is_no_number_and_no_text(table):
    found = table("a,b\n1,x\nNA,?\n,null\n")
    assert np.isnan(found.columns[0]).tolist() == [False, True, True]
    assert found.columns[1].tolist() == ["x", "", ""]


def test_a_column_that_is_converted_in_pieces_is_one_kind(table, monkeypatch):
    monkeypatch.setattr(csv_file, "_ROWS", 2)
    found = table("a,b\n1,1\n2,2\nx,3\n")
    assert found.columns[0].tolist() == ["1", "2", "x"]
    assert found.columns[1].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "iris.csv is empty"),
        ("\n\n", "is empty"),
        ("a,b\n", "has names of columns, and no line below them"),
        ("a,b\n1,2\n1\n", "line 3 has 1 values where 2 are expected"),
        ("a,b\n1,2,3\n", "line 2 has 3 values where 2 are expected"),
        ("a,a\n1,2\n", "line 1: two columns are named a"),
        ("a,\n1,2\n", "line 1: a column has no name"),
        ('a,b\n1,"2\n', "line 2: unexpected end of data"),
        (b"a,b\n1,\xff\n", "is no text in UTF-8: byte 6 of it is not"),
        (b"\0\0\x08\x03", "is no text"),
        (gzip.compress(IRIS.encode(), mtime=0)[:-9], "cannot be read: Compressed file ended"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(table, content, message):
    with pytest.raises(DataError, match=r"iris\.csv") as refused:
        table(content)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_only_people_s_numbers_are_numbers(table):
    assert table("a\n1_0\n2_0\n").columns[0].tolist() == ["1_0", "2_0"]  # which Python would read as 10 and 20
    assert table("1_0\n2\n").names == ("1_0",)


def test_whole_numbers_stay_different_where_floats_would_be_equal(table, monkeypatch):
    near, far = [2**53, 2**53 + 1], [10**20, 10**20 + 1]
    found = table("id,key\n" + "".join(f"{a},{b}\n" for a, b in zip(near, far, strict=True)))
    assert found.columns[0].tolist() == near
    assert found.columns[1].tolist() == [str(each) for each in far]
    monkeypatch.setattr(csv_file, "_ROWS", 1)
    assert table(f"id\n7\n{near[1]}\n").columns[0].tolist() == [7, near[1]]
    assert table(f"id\n{near[1]}\n2.5\n").columns[0].tolist() == [2.0**53, 2.5]


def test_what_others_read_stays_as_it_is():
    before = csv.field_size_limit()
    importlib.reload(csv_file)
    assert csv.field_size_limit() == before
