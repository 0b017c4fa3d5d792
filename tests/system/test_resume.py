"""A run that was stopped, or whose coordinator died, goes on to the same bits."""

import random
import resource
import signal
import time
from dataclasses import replace

import pytest

from coordinator.runs.checkpoint import load_checkpoint
from coordinator.runs.model_file import load_model
from shared.config import TrainConfig
from shared.strategies import SyncSGD
from tests.support.processes import wait_for_the_end_of
from tests.support.program import EPOCHS, job, metrics
from tests.support.runs import assert_complete

ENDLESS = 100_000  # epochs, of which nobody awaits the last
CONFIG = TrainConfig(sizes=(196, 12, 10), epochs=EPOCHS, mini_batch_size=10, learning_rate=3.0, strategy=SyncSGD())


SOME = 8_000  # of MNIST's training samples


def test_a_coordinator_killed_in_mid_epoch_resumes_there_on_other_workers(gradmq):
    """Some of MNIST one by one: an epoch is long enough for a checkpoint within it on any machine."""
    options = ["--epochs", 1, "--mini-batch-size", 1, "--train-samples", SOME]
    program = gradmq("train", *options, "--workers", 1)
    config = replace(CONFIG, sizes=(784, 30, 10), epochs=1, mini_batch_size=1, train_samples=SOME)
    program.wait_until(lambda: any(program.output.parent.glob("runs/*/checkpoint.npz")), "a checkpoint")
    everyone = program.descendants()
    program.process.kill()
    assert program.end() == -signal.SIGKILL
    wait_for_the_end_of(everyone)
    state = load_checkpoint(program.run_folder / "checkpoint.npz", config, SOME)
    assert state is not None
    assert (state.epoch, 0 < state.step_index < SOME) == (0, True)

    resumed = gradmq("resume", program.run_folder, "--workers", 2)
    assert resumed.end() == 0, resumed.text()
    assert f"going on at epoch 0, mini-batch {state.step_index}" in resumed.text()
    undisturbed = gradmq("train", *options, "--workers", 0)
    assert undisturbed.end() == 0
    assert_complete(program.run_folder, [line["weights_sha256"] for line in metrics(undisturbed)], SOME)


def test_ctrl_c_at_any_moment_and_resume_give_the_same_bits(gradmq, small_data, fingerprints):
    program = gradmq(*job(small_data, ENDLESS, workers=1))
    program.wait_for("takes part")
    folder = program.run_folder
    for workers in (2, 0, 1, 0, None):
        time.sleep(random.random() / 2)
        program.process.send_signal(signal.SIGINT)
        assert program.end() == 130, program.text()
        assert "go on with: gradmq resume" in program.text()
        assert folder.name in program.text()
        if workers is not None:
            program = gradmq("resume", folder, "--workers", workers)
            program.wait_for("going on at")
    state = load_checkpoint(folder / "checkpoint.npz", replace(CONFIG, epochs=ENDLESS), 100)
    program = gradmq("resume", folder, "--workers", 0, "--epochs", state.epoch + 3)
    assert program.end() == 0, program.text()
    assert_complete(folder, fingerprints(state.epoch + 3))


def test_a_run_whose_disk_is_full_says_so_in_a_line_and_goes_on_later(gradmq, small_data, fingerprints):
    program = gradmq(*job(small_data, EPOCHS, workers=0))
    program.wait_for("Epoch 5:")
    folder = program.run_folder
    resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, (11_000, 11_000))  # bytes of a file; a model has more
    assert program.end() == 74, program.text()
    last = program.text().splitlines()[-1]
    assert last.startswith(f"gradmq: runs/{folder.name}/m")  # model.npz or metrics.jsonl
    assert "cannot be written: File too large; check disk and permissions, then go on with: gradmq resume" in last
    load_model(folder / "model.npz")
    resumed = gradmq("resume", folder, "--workers", 0)
    assert resumed.end() == 0, resumed.text()
    assert_complete(folder, fingerprints(EPOCHS))


def test_two_coordinators_cannot_drive_the_same_run(gradmq, small_data, fingerprints):
    program = gradmq(*job(small_data, 10_000, workers=1))
    program.wait_for("Epoch 0:")
    second = gradmq("resume", program.run_folder, "--workers", 1)
    assert second.end() == 75
    assert second.text().count("\n") == 1
    assert "is driven by another coordinator" in second.text()
    program.process.send_signal(signal.SIGINT)
    assert program.end() == 130


def test_what_cannot_be_resumed_is_named(gradmq, left, tmp_path):
    for arguments, named in (
        (["resume", "nowhere"], "there is no run nowhere"),
        (["resume", left, "--data", "nowhere"], "nowhere cannot be read"),
        (["resume", left, "--data", "data/mnist"], "was trained on other samples"),
        (["resume", left, "--audit", "1.5"], "--audit must be between 0 and 1, got 1.5"),
        (["verify", left, "--epochs", "0..999"], "--epochs 0..999 goes beyond"),
        (["verify", left, "--epochs", "3..1"], "'3..1' is no range of epochs"),
    ):
        program = gradmq(*arguments)
        assert program.end() == 2, program.text()
        assert named in program.text()
        assert program.text().count("\n") == 1
    (left / "config.json").write_text('{"sizes": [1')
    program = gradmq("resume", left)
    assert program.end() == 2
    assert "config.json is damaged" in program.text()


@pytest.mark.parametrize(
    ("old", "new"), [('"learning_rate": 3.0', '"learning_rate": 1.0'), ('"seed": 0', '"seed": 1'), ("12", "11")]
)
def test_a_checkpoint_of_other_settings_is_refused_and_left_alone(gradmq, left, old, new):
    path = left / "config.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    before = {path: path.read_bytes() for path in left.iterdir()}
    program = gradmq("resume", left, "--workers", 0)
    assert program.end() == 2, program.text()
    assert "was written under other settings" in program.text()
    assert before == {path: path.read_bytes() for path in left.iterdir()}
