"""Parquet files, as pyarrow writes them."""

import datetime

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from shared.data.csv_file import read_csv
from shared.data.dataset import load_dataset
from shared.data.options import DataOptions
from shared.data.parquet_file import read_parquet
from shared.errors import DataError
from tests.support.tables import write_flowers


def test_a_table_has_the_samples_that_it_has_as_csv(tmp_path):
    table = read_csv(write_flowers(tmp_path / "flowers.csv"))
    columns = dict(zip(table.names, table.columns, strict=True))
    columns["species"] = pyarrow.array(columns["species"].tolist()).dictionary_encode()
    parquet.write_table(pyarrow.table(columns), tmp_path / "flowers.parquet")
    one, other = (
        load_dataset(tmp_path / f"flowers.{ending}", DataOptions(target=("species",))) for ending in ("csv", "parquet")
    )
    assert one.encoding == other.encoding
    assert (one.training.sha256, one.test.sha256) == (other.training.sha256, other.test.sha256)


def test_what_is_missing_is_missing(tmp_path):
    parquet.write_table(pyarrow.table({"a": [1, None], "b": ["x", None], "c": [True, None]}), tmp_path / "a.parquet")
    table = read_parquet(tmp_path / "a.parquet")
    assert [np.isnan(table.columns[number]).tolist() for number in (0, 2)] == [[False, True]] * 2
    assert table.columns[1].tolist() == ["x", ""]
    with pytest.raises(DataError, match=r"a\.parquet, row 1, column c: what is to be predicted is missing"):
        load_dataset(tmp_path / "a.parquet", DataOptions(target=("c",), ignore=("b",), task="classes", test=0.0))


def test_what_cannot_be_read_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"a\.parquet cannot be read as Parquet"):
        read_parquet(path)
    parquet.write_table(pyarrow.table({"a": [[1, 2]]}), path)
    parquet.write_table(pyarrow.table({"a": pyarrow.array([], pyarrow.int64())}), path)
    with pytest.raises(DataError, match="has no rows"):
        read_parquet(path)


def test_what_is_neither_number_nor_text_can_be_left_out_but_not_learned_from(tmp_path):
    days = [datetime.date(2024, 1, day) for day in range(1, 11)]
    table = {"day": days, "list": [[1, 2]] * 10, "a": range(10), "b": [0, 1] * 5}
    parquet.write_table(pyarrow.table({name: list(values) for name, values in table.items()}), tmp_path / "a.parquet")
    data = load_dataset(tmp_path / "a.parquet", DataOptions(target=("b",), ignore=("day", "list")))
    assert data.encoding.input_names == ["a"]
    with pytest.raises(
        DataError, match=r"row 0, column day: 2024-01-01 is neither .*; leave the column out, with --ign"
    ):
        load_dataset(tmp_path / "a.parquet", DataOptions(target=("b",), ignore=("list",)))
    with pytest.raises(DataError, match=r"column list: \[1, 2\] is neither a number nor a text"):
        load_dataset(tmp_path / "a.parquet", DataOptions(target=("list",), ignore=("day",)))


def test_columns_of_one_name_are_refused(tmp_path):
    column = pyarrow.array([1, 2])
    parquet.write_table(pyarrow.Table.from_arrays([column, column], ["a", "a"]), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet: two columns are named a; give each a name of its own"):
        read_parquet(tmp_path / "a.parquet")
