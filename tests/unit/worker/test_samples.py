"""Where a worker's samples come from when its own folder is of no use."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from shared.data.dataset import load_dataset
from shared.data.samples import VectorSamples
from shared.errors import DataError
from worker import samples

NOBODY = 65534


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that we can see and may not enter, whoever we are."""
    parent = Path(tempfile.mkdtemp())  # not in pytest's own, into which nobody else may look
    folder = parent / "closed"
    folder.mkdir()
    parent.chmod(0o755)
    folder.chmod(0o000)
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    yield folder
    os.seteuid(before)
    shutil.rmtree(parent)


@pytest.fixture(autouse=True)
def _anew():
    samples.forget()
    yield
    samples.forget()


def some(seed: int, n_samples: int = 100) -> VectorSamples:
    rng = np.random.default_rng(seed)
    return VectorSamples(rng.random((n_samples, 3)), np.zeros((n_samples, 1)))


def are_kept(*those: VectorSamples) -> list[bool]:
    return [samples.local_samples(each.sha256) is not None for each in those]


def test_samples_that_were_received_take_a_bounded_part_of_the_memory(monkeypatch):
    monkeypatch.setattr(samples, "_MOST_BYTES", 2 * 100 * 4 * 8)  # two of these
    one, two, three, large = some(1), some(2), some(3), some(4, 1000)
    samples.keep(one)
    samples.keep(two)
    assert are_kept(one, two) == [True, True]
    assert are_kept(one) == [True]  # which has been used since the other
    samples.keep(three)
    assert are_kept(one, two, three) == [True, False, True]
    samples.keep(large)
    assert are_kept(one, three, large) == [False, False, True]


def test_all_parts_of_one_run_are_kept_however_large_they_are(monkeypatch):
    monkeypatch.setattr(samples, "_MOST_BYTES", 100)
    parts, other = [some(1), some(2), some(3)], some(4)
    samples.keep(other)
    for each in parts:
        samples.keep(each, [part.sha256 for part in parts])
    assert are_kept(other, *parts) == [False, True, True, True]


def test_what_lies_in_files_takes_none_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "_MOST_BYTES", 100 * 4 * 8)
    np.save(tmp_path / "x.npy", np.ones((10_000, 3)))
    mapped = VectorSamples(np.load(tmp_path / "x.npy", mmap_mode="r"), np.zeros((10_000, 0)))
    samples.keep(mapped)
    samples.keep(some(1))
    assert are_kept(mapped, some(1)) == [True, True]


def test_a_machines_own_samples_stay_however_many_are_received(small_data, monkeypatch):
    monkeypatch.setenv("GRADMQ_DATA", str(small_data))
    monkeypatch.setattr(samples, "_MOST_BYTES", 1)
    own = load_dataset(small_data)
    samples.keep(some(1))
    assert are_kept(own.training, own.test) == [True, True]


def test_a_folder_that_may_not_be_entered_is_told_of_once_and_redis_has_the_samples(closed, monkeypatch, caplog):
    monkeypatch.setenv("GRADMQ_DATA", str(closed))
    for digest in ("0" * 64, "1" * 64):
        assert samples.local_samples(digest) is None
    (line,) = caplog.messages
    assert line.startswith(f"{closed} cannot be read: Permission denied")
    assert line.endswith("; the samples come through Redis instead")


def test_nothing_is_said_of_a_folder_that_is_not_there(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("GRADMQ_DATA", str(tmp_path / "nowhere"))
    assert samples.local_samples("0" * 64) is None
    assert not caplog.messages


def test_nor_of_samples_that_this_run_was_not_made_of(tmp_path, monkeypatch, caplog):
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")  # of which nobody has said what is to be learned
    monkeypatch.setenv("GRADMQ_DATA", str(tmp_path / "table.csv"))
    assert samples.local_samples("0" * 64) is None
    assert not caplog.messages


def test_whoever_reads_such_a_folder_is_told_in_one_line(closed):
    with pytest.raises(DataError, match="closed cannot be read: Permission denied; give a file, or a folder"):
        load_dataset(closed)
