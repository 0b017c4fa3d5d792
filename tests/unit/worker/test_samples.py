"""Where a worker's samples come from when its own folder is of no use."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.data.dataset import load_dataset
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
def _anew(monkeypatch):
    monkeypatch.setattr(samples, "_kept", type(samples._kept)())
    samples._look_at_own_files.cache_clear()
    yield
    samples._look_at_own_files.cache_clear()


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
