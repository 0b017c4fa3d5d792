"""`train --resume` and `resume --last`: which run goes on, and what is said of it."""

import re
from pathlib import Path

import pytest

from coordinator.runs.run import RunFolder

DONE = "last weights_sha256 "


@pytest.fixture
def gradmq(main_here, capsys, tmp_path, monkeypatch, small_data):
    """Run `gradmq` in a folder without runs; return the exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def call(command: str) -> tuple[int, str]:
        code = main_here(*command.replace("DATA", str(small_data)).split())
        output = capsys.readouterr()
        return code, output.out + output.err

    return call


def interrupted(finished: str) -> str:
    """Leave a run as one is that was killed before its first checkpoint; return its id."""
    (folder,) = (path for path in Path("runs").iterdir() if path.name == finished)
    for name in ("metrics.jsonl", "checkpoint.npz", "checkpoint.before.npz", "model.npz", "best.npz"):
        (folder / name).unlink(missing_ok=True)
    return finished


def test_the_same_command_goes_on_with_the_same_run_and_another_begins_another(gradmq):
    train = "train --workers 0 --data DATA --hidden 12 --resume --epochs"
    code, text = gradmq(f"{train} 1")
    assert code == 0, text
    assert "no run of these settings is in runs: a new one begins\n" in text
    (first,) = re.findall(r"^run (\S+):", text, re.MULTILINE)
    fingerprint = text.split(DONE)[1][:64]

    code, text = gradmq(f"{train} 1")
    assert code == 0, text
    assert f"run {first} of these settings is finished: its results again; for a new run leave --resume out\n" in text
    assert text.split(DONE)[1][:64] == fingerprint

    interrupted(first)
    code, text = gradmq(f"{train} 2")
    assert code == 0, text
    folder = Path("runs").resolve() / first
    assert f"a new one begins; run {first}, with epochs 1, is unfinished: gradmq resume {folder}\n" in text
    assert len(list(Path("runs").iterdir())) == 2

    code, text = gradmq(f"{train} 1")
    assert code == 0, text
    assert f"run {first} is unfinished: going on with it\n" in text
    assert text.split(DONE)[1][:64] == fingerprint
    assert len(list(Path("runs").iterdir())) == 2


def test_the_last_unfinished_run_needs_no_name(gradmq):
    none = "gradmq: there is no unfinished run in runs; give another --runs, or begin one with: gradmq train\n"
    assert gradmq("resume --last") == (2, none)
    code, text = gradmq("train --workers 0 --data DATA --hidden 12 --epochs 1")
    assert code == 0, text
    assert gradmq("resume --last") == (2, none)
    (first,) = (path.name for path in Path("runs").iterdir())
    interrupted(first)
    code, resumed = gradmq("resume --last --workers 0")
    assert code == 0, resumed
    assert resumed.startswith(f"run {first} is unfinished: going on with it\n")
    assert resumed.split(DONE)[1][:64] == text.split(DONE)[1][:64]


@pytest.mark.parametrize("arguments", ["", "some-run --last"])
def test_one_run_is_to_be_named_and_no_more(gradmq, arguments):
    code, text = gradmq(f"resume {arguments}")
    assert (code, text.count("\n")) == (2, 1)
    assert "give a run's folder or id, or --last for the newest that is not finished; one of them" in text


def test_a_run_that_is_driven_is_not_begun_a_second_time(gradmq):
    train = "train --workers 0 --data DATA --hidden 12 --epochs 1 --resume"
    assert gradmq(train)[0] == 0
    (first,) = (path.name for path in Path("runs").iterdir())
    run = RunFolder.open(interrupted(first), Path("runs"))
    run.lock()
    code, text = gradmq(train)
    run.unlock()
    assert code == 75
    assert f"run {first} is driven by another coordinator" in text
