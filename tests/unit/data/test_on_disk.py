"""Samples that stay on the disk: whoever uses some of them has only these in memory."""

import sys

import numpy as np
import pytest
from numpy.lib import format as npy

from shared.data.array_writer import write_folder
from shared.data.dataset import load_dataset
from shared.data.options import DataOptions
from shared.nn.inputs import InputFormat

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells how much memory is a process's own")
N, WIDTH = 200_000, 784  # 157 MB
MOST = 40 * 2**20


def own_memory() -> int:
    """Bytes that are this process's own: none that a file holds as well."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("large")
    for part, count in (("train", N), ("validation", 100), ("test", 100)):
        x = npy.open_memmap(path / f"x_{part}.npy", "w+", np.uint8, (count, WIDTH))  # a hole, which costs no disk
        x[-1] = 255
        np.save(path / f"y_{part}.npy", np.arange(count) % 10)
    return path


def test_digests_checks_and_mini_batches_need_no_more_memory_than_a_block(folder):
    before = own_memory()
    data = load_dataset(folder)
    data.check_inputs("exact")
    assert len(data.training.sha256) == 64
    form = InputFormat(np.dtype(np.float64))
    for start in range(0, N, N // 20):
        rows = np.arange(start, start + 100)
        assert data.training.inputs(rows, form).shape == (WIDTH, 100)
    assert data.training.inputs(np.array([N - 1]), form).min() == 1
    assert own_memory() - before < MOST


def test_nor_does_to_convert_them(folder, tmp_path):
    before = own_memory()
    write_folder(tmp_path / "copy", folder, DataOptions(), seed=0)
    assert own_memory() - before < MOST
    assert load_dataset(tmp_path / "copy").training.sha256 == load_dataset(folder).training.sha256
