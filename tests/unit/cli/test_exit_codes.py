"""A script learns from the exit code what went wrong: those of sysexits(3), each brought about for real."""

import os
import re

import pytest

from coordinator.api import driving
from coordinator.cli import train
from coordinator.cluster import preflight
from coordinator.runs.run import RunFolder
from shared.errors import VersionError
from tests.support.mnist import PROJECT

DOCUMENTED = {
    *(0, 1, 2, 128),
    *(os.EX_UNAVAILABLE, os.EX_SOFTWARE, os.EX_CANTCREAT, os.EX_IOERR, os.EX_TEMPFAIL, os.EX_PROTOCOL, os.EX_NOPERM),
}


@pytest.fixture
def ended(main_here, small_data, tmp_path, monkeypatch, capsys):
    """The exit code and the one line of a small training with other options."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(preflight, "_START", 0.0)  # nobody is starting a Redis just now

    def train(*options: str) -> tuple[int, str]:
        given = ["--sizes", "196,12,10", "--data", str(small_data), "--epochs", "1", "--workers", "0"]
        if "--redis" in options:
            del given[-2:]
        code = main_here("train", *given, *options)
        output = capsys.readouterr()
        return code, output.err

    return train


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        ("--redis redis://127.0.0.1:1/0", 69, "redis://127.0.0.1:1/0 cannot be reached"),
        ("--redis unix:///nowhere/redis.sock", 69, "cannot be reached"),
        ("--runs /proc/nowhere", 73, "/proc/nowhere cannot be written"),
        ("--csv nowhere/epochs.csv", 73, "nowhere/epochs.csv cannot be written: No such file or directory"),
        ("--runs taken", 73, "taken cannot be written: Not a directory"),
    ],
)
def test_what_cannot_be_had_has_a_code_of_its_own(ended, tmp_path, options, code, named):
    (tmp_path / "taken").touch()
    found, line = ended(*options.split())
    assert (found, line.count("\n")) == (code, 1), line
    assert named in line
    assert os.listdir(tmp_path) == ["taken"]


def test_a_full_disk_is_74(main_here, small_data, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main_here("train", "--workers", "0", "--data", str(small_data), "--epochs", "1") == 0
    (run,) = tmp_path.glob("runs/*")
    capsys.readouterr()
    assert main_here("predict", str(run), str(small_data / "nothing.npy"), "-o", "/dev/full") == 2
    capsys.readouterr()
    assert main_here("report", str(run), "-o", "/dev/full") == 74
    line = capsys.readouterr().err
    assert line.startswith("gradmq: ")
    assert "No space left on device" in line


def test_a_run_that_another_has_is_75(ended, main_here, tmp_path, capsys):
    assert ended()[0] == 0
    (folder,) = tmp_path.glob("runs/*")
    other = RunFolder.open(str(folder), tmp_path)
    other.lock()
    try:
        assert main_here("resume", str(folder), "--epochs", "2", "--workers", "0") == 75
        assert "is driven by another coordinator" in capsys.readouterr().err
        assert main_here("runs", "rm", folder.name, "--yes") == 75
        assert "is driven by a coordinator" in capsys.readouterr().err
    finally:
        other.unlock()


def test_another_version_on_the_other_side_is_76(ended, monkeypatch):
    def old(*_: object, **__: object) -> None:
        raise VersionError("workers cannot read the model")

    monkeypatch.setattr(train, "begin", old)
    assert ended() == (76, "gradmq: workers cannot read the model\n")


def test_a_defect_is_70_and_is_shown(ended, monkeypatch):
    def defective(*_: object, **__: object) -> None:
        raise KeyError("gone")

    monkeypatch.setattr(driving, "run_training", defective)
    code, text = ended()
    assert code == 70
    assert "Traceback" in text
    assert text.splitlines()[-1] == "gradmq: a defect of GradMQ: 'gone'; please report it with the lines above"


def test_the_documentation_has_each_code():
    page = (PROJECT / "docs" / "commands.md").read_text()
    found = {int(code) for code in re.findall(r"^\| (\d+)(?: \+ n)? \|", page, re.MULTILINE)}
    assert found == DOCUMENTED
