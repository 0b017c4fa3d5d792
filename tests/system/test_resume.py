"""A run that was stopped, or whose coordinator died, goes on to the same bits; and it can be verified."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coordinator.accounting import WorkerCounts
from coordinator.runs.checkpoint import load_checkpoint, save_checkpoint
from coordinator.runs.model_file import load_model, save_model
from coordinator.signals import Stopped, stop_on_signals, uninterrupted
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.parallel.sgd import initial_parameters
from tests.conftest import EPOCHS, Program, job, metrics, start_worker, survivors

CONFIG = TrainConfig((196, 12, 10), EPOCHS, 10, 3.0, 0, 2, "float32")


def folder_of(program: Program) -> Path:
    (path,) = program.output.parent.glob("runs/*")
    return path


def assert_complete(folder: Path, fingerprints: list[str], n_samples: int = 1000) -> None:
    """Each epoch was recorded once, with the undisturbed run's fingerprint and books that come out."""
    lines = metrics(folder.parent.parent)
    assert [line["epoch"] for line in lines] == list(range(len(fingerprints)))
    assert [line["weights_sha256"] for line in lines] == fingerprints
    assert {line["samples"] for line in lines} == {n_samples}


def test_a_coordinator_killed_in_mid_epoch_resumes_there_on_other_workers(gradmq):
    """The real MNIST in mini-batches of two: an epoch is long enough for a checkpoint within it on any machine."""
    options = ["--epochs", 1, "--mini-batch-size", 2]
    program = gradmq("train", *options, "--workers", 1)
    config = TrainConfig((784, 30, 10), 1, 2, 3.0, 0, 1, "float32")
    while not any(program.output.parent.glob("runs/*/checkpoint.npz")):
        assert program.process.poll() is None, f"ended before there was a checkpoint:\n{program.text()}"
        time.sleep(0.02)
    everyone = program.descendants()
    program.process.kill()
    assert program.end() == -signal.SIGKILL
    assert not survivors(everyone, 5)
    state = load_checkpoint(folder_of(program) / "checkpoint.npz", config, 25_000)
    assert state is not None
    assert (state.epoch, 0 < state.batch < 25_000) == (0, True)

    resumed = gradmq("resume", folder_of(program), "--workers", 2)
    assert resumed.end() == 0, resumed.text()
    assert f"going on at epoch 0, mini-batch {state.batch}" in resumed.text()
    undisturbed = gradmq("train", *options, "--workers", 0)
    assert undisturbed.end() == 0
    assert_complete(folder_of(program), [line["weights_sha256"] for line in metrics(undisturbed)], 50_000)


def test_ctrl_c_at_any_moment_and_resume_give_the_same_bits(gradmq, small_data, fingerprints):
    epochs = 400  # more than any machine gets through in these moments
    config = replace(CONFIG, epochs=epochs)
    program = gradmq(*job(small_data, epochs, workers=1))
    program.wait_for("takes part")
    batches: list[int] = []
    folder = folder_of(program)
    for workers in (2, 0, 1, 0):
        time.sleep(random.random() / 2)
        program.process.send_signal(signal.SIGINT)
        assert program.end(10) == 130, program.text()
        assert "go on with: gradmq resume" in program.text()
        assert folder.name in program.text()
        batches.append(load_checkpoint(folder / "checkpoint.npz", config, 100).batch)
        program = gradmq("resume", folder, "--workers", workers)
        program.wait_for("going on at")
    assert program.end() == 0, program.text()
    assert len(batches) == 4
    assert_complete(folder, fingerprints(epochs))


def test_a_run_whose_disk_is_full_says_so_in_a_line_and_goes_on_later(gradmq, small_data, fingerprints):
    program = gradmq(*job(small_data, EPOCHS, workers=0))
    program.wait_for("Epoch 5:")
    folder = folder_of(program)
    resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, (11_000, 11_000))  # bytes of a file; a model has more
    assert program.end(30) == 2, program.text()
    last = program.text().splitlines()[-1]
    assert last.startswith(f"gradmq: runs/{folder.name}/m")  # model.npz or metrics.jsonl
    assert "cannot be written: File too large; check disk and permissions, then go on with: gradmq resume" in last
    load_model(folder / "model.npz")
    resumed = gradmq("resume", folder, "--workers", 0)
    assert resumed.end() == 0, resumed.text()
    assert_complete(folder, fingerprints(EPOCHS))


@pytest.mark.parametrize("command", ["verify", "resume"])
def test_ctrl_c_before_the_first_step_is_answered_by_one_line(main_here, monkeypatch, capsys, left, command):
    def interrupted(path: Path) -> None:
        raise Stopped(signal.SIGINT)

    for module in ("look", "train"):
        monkeypatch.setattr(f"coordinator.cli.{module}.load_dataset", interrupted)
    assert (main_here(command, str(left)), capsys.readouterr()) == (130, ("", "gradmq: stopped\n"))


def test_two_coordinators_cannot_drive_the_same_run(gradmq, small_data, fingerprints):
    program = gradmq(*job(small_data, 10_000, workers=1))
    program.wait_for("Epoch 0:")
    second = gradmq("resume", folder_of(program), "--workers", 1)
    assert second.end(30) == 2
    assert second.text().count("\n") == 1
    assert "is driven by another coordinator" in second.text()
    program.process.send_signal(signal.SIGINT)
    assert program.end(10) == 130


@pytest.fixture(scope="module")
def stopped(small_data, tmp_path_factory) -> Path:
    """A run that was stopped after a few epochs, by workers=0; copy it before you change it."""
    folder = tmp_path_factory.mktemp("stopped")
    program = Program(tuple(job(small_data, EPOCHS, workers=0)), folder, {})
    program.wait_for("Epoch 5:")
    program.process.send_signal(signal.SIGINT)
    assert program.end(10) == 130, program.text()
    return folder_of(program)


@pytest.fixture
def left(stopped: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(stopped, tmp_path / "runs" / stopped.name))


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def corrupt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [torn, corrupt, Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("files", [["checkpoint.npz"], ["checkpoint.npz", "checkpoint.before.npz"]])
def test_a_damaged_checkpoint_is_noticed_and_the_one_before_is_used(gradmq, fingerprints, left, damage, files):
    for name in files:
        damage(left / name)
    program = gradmq("resume", left, "--workers", 0)
    assert program.end() == 0, program.text()
    assert ("is damaged" in program.text()) == (damage is not Path.unlink)
    assert ("going on at" in program.text()) == (len(files) == 1)
    assert_complete(left, fingerprints(EPOCHS))


@pytest.mark.parametrize("change", [lambda text: text + '{"epoch"', lambda text: text * 2, lambda text: text + "\0\0"])
def test_metrics_have_no_line_twice_and_none_missing_after_a_crash(gradmq, fingerprints, left, change):
    path = left / "metrics.jsonl"
    path.write_text(change(path.read_text()))
    program = gradmq("resume", left, "--workers", 0)
    assert program.end() == 0, program.text()
    assert_complete(left, fingerprints(EPOCHS))


@pytest.mark.parametrize("change", [lambda text: text[:-20], lambda text: "", lambda text: text.replace("t", "x", 1)])
def test_a_run_whose_metrics_were_damaged_later_is_not_begun_again_behind_ones_back(gradmq, left, change):
    path = left / "metrics.jsonl"
    path.write_text(change(path.read_text()))
    before = {path: path.read_bytes() for path in left.iterdir()}
    program = gradmq("resume", left, "--workers", 0)
    assert program.end() == 2, program.text()
    assert "metrics.jsonl is damaged in line" in program.text()
    assert before == {path: path.read_bytes() for path in left.iterdir()}


def test_a_finished_run_is_not_computed_again(gradmq, small_data):
    program = gradmq(*job(small_data, workers=0))
    assert program.end() == 0
    before = {path: path.stat().st_mtime_ns for path in folder_of(program).iterdir()}
    again = gradmq("resume", folder_of(program))
    assert again.end() == 0
    assert again.text().splitlines()[-2] == program.text().splitlines()[-2]  # best epoch and fingerprint
    assert before == {path: path.stat().st_mtime_ns for path in folder_of(program).iterdir()}


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Callable[[Path], Path]]:
    """Show a run's folder in another place, where it is read-only even for root."""
    place = tmp_path / "read-only"

    def mount(run: Path) -> Path:
        (place / run.name).mkdir(parents=True)
        for options in (["--bind", str(run)], ["-o", "remount,bind,ro", str(run)]):
            if subprocess.run(["mount", *options, place / run.name], capture_output=True, check=False).returncode:
                pytest.skip("needs the right to mount")
        return place / run.name

    yield mount
    for folder in place.glob("*"):
        while subprocess.run(["umount", folder], capture_output=True, check=False).returncode == 0:
            pass


@pytest.mark.parametrize("command", ["show", "verify", "resume"])
def test_a_finished_run_in_a_read_only_folder_can_be_looked_at(gradmq, finished, read_only, command):
    program = gradmq(command, read_only(finished))
    assert program.end(30) == 0, program.text()
    assert {"show": "weights_sha256: ", "verify": "to the last bit", "resume": "best epoch"}[command] in program.text()


def test_an_unfinished_run_in_a_read_only_folder_is_not_resumed(gradmq, left, read_only):
    program = gradmq("resume", read_only(left))
    assert program.end(30) == 2, program.text()
    assert program.text().count("\n") == 1
    assert "config.json cannot be written: Read-only file system" in program.text()


def test_what_cannot_be_resumed_is_named(gradmq, left, tmp_path):
    for arguments, named in (
        (["resume", "nowhere"], "there is no run nowhere"),
        (["resume", left, "--data", "nowhere"], "--data nowhere cannot be read"),
        (["resume", left, "--data", "data/mnist"], "was trained on other samples"),
        (["resume", left, "--audit", "1.5"], "--audit must be between 0 and 1, got 1.5"),
        (["verify", left, "--epochs", "0..999"], "--epochs 0..999 goes beyond"),
        (["verify", left, "--epochs", "3..1"], "'3..1' is no range of epochs"),
    ):
        program = gradmq(*arguments)
        assert program.end(30) == 2, program.text()
        assert named in program.text()
        assert program.text().count("\n") == 1
    (left / "config.json").write_text('{"sizes": [1')
    program = gradmq("resume", left)
    assert program.end(30) == 2
    assert "config.json is damaged" in program.text()


def test_verify_recomputes_a_run_and_its_checkpoint(gradmq, left):
    n_epochs = len((left / "metrics.jsonl").read_text().splitlines())
    program = gradmq("verify", left)
    assert program.end() == 0, program.text()
    assert program.text().count(": identical\n") == n_epochs + ("checkpoint after" in program.text())
    program = gradmq("verify", left.name, "--runs", left.parent, "--epochs", "1..2")
    assert program.end() == 0, program.text()
    assert [line.split(":")[0] for line in program.text().splitlines()[:-1]] == ["Epoch 1", "Epoch 2"]


@pytest.mark.parametrize("field", ["weights_sha256", "correct"])
def test_verify_finds_the_first_difference(gradmq, left, field):
    path = left / "metrics.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for epoch in (2, 4):
        lines[epoch][field] = lines[0][field] if field == "weights_sha256" else lines[epoch][field] + 1
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    program = gradmq("verify", left)
    assert program.end() == 1, program.text()
    *_, before, last = program.text().splitlines()
    assert before.startswith("Epoch 1:")
    assert before.endswith(": identical")
    assert last.startswith("Epoch 2:")
    assert f"{field} is {lines[2][field]}, recomputed it is " in last


def test_a_signal_waits_for_the_end_of_a_step():
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    stop_on_signals()
    taken = []
    try:
        with pytest.raises(Stopped):  # noqa: PT012
            with uninterrupted:
                os.kill(os.getpid(), signal.SIGTERM)
                taken += ["step", "count"]
            taken.append("too late")
        assert taken == ["step", "count"]
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def test_a_checkpoint_keeps_all_of_a_state(tmp_path):
    state = State.initial(CONFIG)
    state.epoch, state.batch, state.samples, state.seconds = 3, 7, 70, 1.5
    state.excluded.append("worker@host:1")
    state.ledger.counts.of("worker@host:2").add(WorkerCounts(answered=14, late=2, samples=70))
    for _ in range(3):  # so that there is one before
        save_checkpoint(tmp_path / "checkpoint.npz", state, CONFIG)
    found = load_checkpoint(tmp_path / "checkpoint.npz", CONFIG, 100)
    assert found is not None
    np.testing.assert_array_equal(found.parameters.flat, state.parameters.flat)
    assert (found.epoch, found.batch, found.samples, found.seconds) == (3, 7, 70, 1.5)
    assert found.excluded == ["worker@host:1"]
    assert found.ledger.counts == state.ledger.counts
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.before.npz", "checkpoint.npz"]


def test_the_books_and_the_table_are_shown(gradmq, small_data):
    program = gradmq(*job(small_data, workers=2))
    assert program.end() == 0, program.text()
    shown = gradmq("show", folder_of(program))
    assert shown.end() == 0
    for text in (program.text(), shown.text()):
        heads = next(line for line in text.splitlines() if line.startswith("worker "))
        assert heads.split() == [*"worker asked asked again answered duplicate late rejected samples".split()]  # noqa: SIM905
        (total,) = [line.split() for line in text.splitlines() if line.startswith("all ")]
        asked, _, answered, *_, samples = map(int, total[1:])
        assert asked == answered
        assert samples == 2000


def test_workers_of_a_dead_coordinator_are_there_for_the_next_at_once(gradmq, small_data, server):
    start_worker(gradmq, server, "only")
    program = gradmq(*job(small_data, 10_000, redis=server.url))
    program.wait_for("Epoch 5:")
    program.process.kill()
    assert program.end() == -signal.SIGKILL
    resumed = gradmq("resume", folder_of(program), "--redis", server.url)
    resumed.wait_for("going on at epoch")
    resumed.wait_for("takes part", 5)  # they would find out by themselves after ten seconds
    resumed.process.send_signal(signal.SIGINT)
    assert resumed.end(10) == 130


@pytest.fixture(scope="module")
def finished(small_data, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    program = Program(tuple(job(small_data, 5, workers=0)), folder, {})
    assert program.end() == 0, program.text()
    return folder_of(program)


def foreign_model(run: Path) -> None:
    save_model(run / "model.npz", initial_parameters((196, 12, 10), 99, np.float32))


def foreign_model_and_no_checkpoint(run: Path) -> None:
    foreign_model(run)
    for path in run.glob("checkpoint*.npz"):
        path.unlink()


def foreign_model_and_damaged_checkpoint(run: Path) -> None:
    foreign_model(run)
    for path in run.glob("checkpoint*.npz"):
        path.write_text("x")


def change_line(run: Path, old: str, new: str) -> None:
    lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    assert old in lines[2]
    lines[2] = lines[2].replace(old, new, 1)
    (run / "metrics.jsonl").write_text("".join(lines))


@pytest.mark.parametrize(
    "tamper",
    [
        foreign_model,
        foreign_model_and_no_checkpoint,
        foreign_model_and_damaged_checkpoint,
        lambda run: change_line(run, '"epoch"', '"epoc"'),
        lambda run: change_line(run, '"steps": 100', '"steps": 7'),
        lambda run: change_line(run, '"n_test": 200', '"n_test": 400'),
        lambda run: change_line(run, '"accuracy": 0', '"accuracy": 9'),
        lambda run: change_line(run, '"answered": 100', '"answered": 5'),
        lambda run: change_line(run, '{"epoch"', "[" * 100_000 + '{"epoch"'),
        lambda run: (run / "metrics.jsonl").write_text(""),
        lambda run: (run / "metrics.jsonl").unlink(),
        lambda run: (run / "metrics.jsonl").write_text(
            "".join((run / "metrics.jsonl").read_text().splitlines(keepends=True)[:3])
        ),
    ],
)
def test_verify_never_calls_a_tampered_run_identical(gradmq, finished, tmp_path, tamper):
    run = Path(shutil.copytree(finished, tmp_path / "runs" / finished.name))
    untouched = gradmq("verify", run)
    assert untouched.end() == 0, untouched.text()
    tamper(run)
    program = gradmq("verify", run)
    assert program.end() in (1, 2), program.text()
    assert "to the last bit" not in program.text()
    assert "Traceback" not in program.text()


@pytest.mark.parametrize("command", ["verify", "show", "evaluate"])
def test_a_finished_run_without_its_model_is_named_at_once(gradmq, finished, tmp_path, command):
    run = Path(shutil.copytree(finished, tmp_path / "runs" / finished.name))
    (run / "model.npz").unlink()
    program = gradmq(command, run)
    assert program.end(30) == 2, program.text()
    assert program.text().count("\n") == 1
    assert "has no model.npz: 5 of 5 epochs are recorded; restore it" in program.text()
    alone = gradmq("verify", "--epochs", "0..4", run)
    assert alone.end() == 0, alone.text()


def test_show_tells_how_far_a_run_without_a_model_is(gradmq, left):
    (left / "model.npz").unlink()
    (left / "metrics.jsonl").unlink()
    program = gradmq("show", left)
    assert program.end(30) == 2
    assert f"0 of {EPOCHS} epochs are recorded; there is a checkpoint; go on with: gradmq resume" in program.text()
    assert program.text().count("\n") == 1


def test_show_names_a_damaged_line(gradmq, finished, tmp_path):
    run = Path(shutil.copytree(finished, tmp_path / "runs" / finished.name))
    change_line(run, '"epoch"', '"epoc"')
    program = gradmq("show", run)
    assert program.end(30) == 0
    assert program.text().splitlines()[-1].startswith("line 3 of metrics.jsonl is no epoch's")


@pytest.mark.parametrize(("old", "new"), [('"eta": 3.0', '"eta": 1.0'), ('"seed": 0', '"seed": 1'), ("60", "10")])
def test_a_checkpoint_of_other_settings_is_refused_and_left_alone(gradmq, left, old, new):
    path = left / "config.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    before = {path: path.read_bytes() for path in left.iterdir()}
    program = gradmq("resume", left, "--workers", 0)
    assert program.end(30) == 2, program.text()
    assert "was written under other settings" in program.text()
    assert before == {path: path.read_bytes() for path in left.iterdir()}


def test_files_that_would_exhaust_the_reader_are_refused(gradmq, left):
    (left / "config.json").write_text("[" * 100_000)
    program = gradmq("resume", left)
    assert program.end(30) == 2
    assert program.text().count("\n") == 1
    assert "config.json is damaged" in program.text()
