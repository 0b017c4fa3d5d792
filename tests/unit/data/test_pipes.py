"""Pipes where files of samples should be: nobody would ever write to them, and each is refused at once."""

import os
from pathlib import Path

import numpy as np
import pytest

from coordinator.prediction.given import Fit, given
from shared.data.array_files import ENCODING, NpyFolder
from shared.data.idx import read_idx
from shared.data.numpy_files import map_npy, read_npz
from shared.data.options import PLAIN, DataOptions
from shared.data.pictures import read_grey
from shared.data.sample_weights import read_weights
from shared.data.sources import read
from shared.data.table_files import READERS, read_table
from shared.errors import DataError
from shared.model import SavedModel
from tests.support.learning import drawn

MODEL = SavedModel(drawn((4, 3, 2)))


@pytest.mark.parametrize(
    ("name", "read"),
    [
        *((f"pipe{ending}", read_table) for ending in READERS),
        ("pipe.csv.gz", read_table),
        ("pipe-idx1-ubyte", lambda path: read_idx(path, 1)),
        ("pipe.npy", map_npy),
        ("pipe.npz", read_npz),
        ("pipe.png", read_grey),
        ("pipe.txt", read_weights),
        ("pipe.npy", read_weights),
        *((f"pipe{ending}", lambda path: given(path, MODEL, Fit())) for ending in (".csv", ".npy", ".npz", ".png")),
    ],
)
def test_a_pipe_is_refused(tmp_path, name, read):
    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match=f"{name} .*(no regular file|cannot be read)"):
        read(tmp_path / name)


def test_a_pipe_is_refused_as_the_samples_or_labels_that_an_option_names(tmp_path):
    table, array = tmp_path / "table.csv", tmp_path / "array.npy"
    table.write_text("a,b\n1,2\n3,4\n")
    np.save(array, np.ones((4, 2)))
    for name in ("pipe.csv", "pipe.npy"):
        os.mkfifo(tmp_path / name)
    for path, options in (
        (table, DataOptions(target=("b",), test=tmp_path / "pipe.csv")),
        (table, DataOptions(target=("b",), validation=tmp_path / "pipe.csv")),
        (array, DataOptions(target=(str(tmp_path / "pipe.npy"),))),
    ):
        with pytest.raises(DataError, match="it is no regular file"):
            read(path, options)


def test_a_pipe_is_refused_among_images_and_beside_arrays(tmp_path):
    for folder, name in (("images/one", "pipe.png"), ("images/two", "pipe.png"), ("arrays", f"{ENCODING}.json")):
        (tmp_path / folder).mkdir(parents=True)
        os.mkfifo(tmp_path / folder / name)
    with pytest.raises(DataError, match="it is no regular file"):
        read(tmp_path / "images", PLAIN)
    np.save(tmp_path / "arrays" / "x.npy", np.ones((4, 2)))
    with pytest.raises(DataError, match="it is no regular file"):
        NpyFolder().read(Path(tmp_path / "arrays"), PLAIN)
