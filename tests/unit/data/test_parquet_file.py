"""Parquet files, as pyarrow writes them."""

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
    with pytest.raises(DataError, match=r"column a holds list<.*>; give numbers or texts"):
        read_parquet(path)
    parquet.write_table(pyarrow.table({"a": pyarrow.array([], pyarrow.int64())}), path)
    with pytest.raises(DataError, match="has no rows"):
        read_parquet(path)
