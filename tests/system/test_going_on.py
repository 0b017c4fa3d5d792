"""Runs that go on: with more epochs than they were to have, and with a model's weights."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from coordinator.runs.model_file import load_model
from tests.support.processes import wait_for_the_end_of
from tests.support.program import EPOCHS, LONGER, Program, job, metrics
from tests.support.runs import assert_complete


def epochs_in(folder: Path) -> int:
    return json.loads((folder / "config.json").read_text())["epochs"]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_a_finished_run_goes_on_to_the_bits_of_one_that_was_to_be_longer(
    gradmq, finished, fingerprints, tmp_path, workers
):
    folder = Path(shutil.copytree(finished, tmp_path / "runs" / finished.name))
    longer = gradmq("resume", folder, "--epochs", 8, "--workers", workers)
    assert longer.end() == 0, longer.text()
    assert "8 epochs of 100 mini-batches of 10" in longer.text()
    assert "going on at epoch 5, mini-batch 0" in longer.text()
    assert epochs_in(folder) == 8
    assert_complete(folder, fingerprints(8))
    verified = gradmq("verify", folder)
    assert verified.end() == 0, verified.text()
    assert "all 10 comparisons are identical" in verified.text()  # of 8 epochs, of the last model and of the best


def test_a_run_stopped_in_mid_epoch_goes_on_to_more_epochs_through_another_stop(gradmq, left, fingerprints):
    """After which nobody has to say again how many."""
    program = gradmq("resume", left, "--epochs", LONGER, "--workers", 1)
    program.wait_for(f"Epoch {EPOCHS + 1}:")
    program.process.send_signal(signal.SIGKILL)
    everyone = program.descendants()
    assert program.end() == -signal.SIGKILL
    wait_for_the_end_of(everyone)
    assert epochs_in(left) == LONGER
    resumed = gradmq("resume", left, "--workers", 2)
    assert resumed.end() == 0, resumed.text()
    assert_complete(left, fingerprints(LONGER))


def test_a_run_can_be_made_shorter_than_it_was_to_be_and_not_than_it_is(gradmq, left, fingerprints):
    done = len((left / "metrics.jsonl").read_text().splitlines())
    refused = gradmq("resume", left, "--epochs", 3, "--workers", 0)
    assert refused.end() == 2
    assert "--epochs must be more than the " in refused.text()
    assert refused.text().count("\n") == 1
    assert epochs_in(left) == EPOCHS
    shorter = gradmq("resume", left, "--epochs", done + 2, "--workers", 0)
    assert shorter.end() == 0, shorter.text()
    assert_complete(left, fingerprints(done + 2))


def test_a_finished_run_that_cannot_be_written_is_not_made_longer(gradmq, finished, read_only):
    folder = read_only(finished)
    assert gradmq("resume", folder, "--epochs", 5).end() == 0  # as many as it has: its results
    longer = gradmq("resume", folder, "--epochs", 8, "--workers", 0)
    assert longer.end() == 73
    assert "config.json cannot be written" in longer.text()


@pytest.fixture(scope="session")
def begun(finished, small_data, tmp_path_factory) -> tuple[list[str], list[object]]:
    """Fingerprints of a run that begins with the finished one's weights, in one process; and its arguments."""
    arguments = [*job(small_data, 4, seed=3, learning_rate=1.0), "--from", finished]
    program = Program((*arguments, "--workers", 0), tmp_path_factory.mktemp("begun"), {})
    assert program.end() == 0, program.text()
    start = load_model(program.run_folder / "initial.npz").parameters.sha256
    assert start == load_model(finished / "best.npz").parameters.sha256
    return [line["weights_sha256"] for line in metrics(program)], arguments


@pytest.mark.parametrize("workers", [1, 3])
def test_a_run_that_begins_with_weights_has_the_same_bits_on_any_number_of_workers(gradmq, begun, workers):
    expected, arguments = begun
    program = gradmq(*arguments, "--workers", workers, "--audit", 0.5)
    assert program.end() == 0, program.text()
    assert_complete(program.run_folder, expected)
    verified = gradmq("verify", program.run_folder)
    assert verified.end() == 0, verified.text()


def test_it_begins_with_them_again_where_no_checkpoint_was_left(gradmq, begun, finished, tmp_path):
    """As after a crash in its first seconds."""
    expected, arguments = begun
    program = gradmq(*arguments, "--workers", 0)
    assert program.end() == 0, program.text()
    folder = program.run_folder
    for path in folder.iterdir():
        if path.name not in ("config.json", "initial.npz"):
            path.unlink()
    resumed = gradmq("resume", folder, "--workers", 1)
    assert resumed.end() == 0, resumed.text()
    assert_complete(folder, expected)
    (folder / "initial.npz").write_bytes(b"")
    broken = gradmq("verify", folder)
    assert broken.end() == 2
    assert "has lost the weights that it began with" in broken.text()
    assert broken.text().count("\n") == 1


def test_a_run_of_few_samples_is_the_same_on_workers_that_have_all(gradmq, small_data):
    """Theirs are other samples by their digest: these few come to them through Redis."""
    found = []
    for workers in (0, 2):
        program = gradmq(*job(small_data, 3, workers=workers, train_samples=300))
        assert program.end() == 0, program.text()
        assert {line["samples"] for line in metrics(program)} == {300}
        found.append([line["weights_sha256"] for line in metrics(program)])
        for again in (["verify"], ["resume", "--epochs", 4, "--workers", 0]):
            done = gradmq(*again, program.run_folder)
            assert done.end() == 0, done.text()
    assert found[0] == found[1]


def test_a_run_that_ended_early_would_have_ended_there_with_more_epochs_too(gradmq, small_data):
    options = ["--early-stopping", 1, "--workers", 0]
    program = gradmq(*job(small_data, EPOCHS), *options)
    assert program.end() == 0, program.text()
    folder, lines = program.run_folder, metrics(program)
    assert len(lines) < EPOCHS
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    resumed = gradmq("resume", folder, "--epochs", 2 * EPOCHS, "--workers", 0)
    assert resumed.end() == 0, resumed.text()
    assert program.text().splitlines()[-2] in resumed.text()
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}
    longer = gradmq(*job(small_data, 2 * EPOCHS), *options)
    assert longer.end() == 0
    assert [line["weights_sha256"] for line in metrics(longer)] == [line["weights_sha256"] for line in lines]


def test_a_run_with_a_cosine_keeps_its_end(gradmq, small_data):
    program = gradmq(*job(small_data, 3, workers=0, schedule="cosine"))
    assert program.end() == 0, program.text()
    longer = gradmq("resume", program.run_folder, "--epochs", 5, "--workers", 0)
    assert longer.end() == 2
    assert "--epochs must stay 3, since the run's learning rates depend on when it ends, got 5; to" in longer.text()
    assert longer.text().count("\n") == 1
    assert epochs_in(program.run_folder) == 3


def test_a_run_with_momentum_an_average_and_a_plateau_goes_on_to_the_same_bits(gradmq, small_data):
    options = ["--optimizer", "nesterov", "--eta", 0.3, "--ema", 0.9, "--schedule", "plateau", "--patience", 1]
    options += ["--warm-up", 150, "--augment", "shift", "--dropout", 0.1, "--monitor", "validation-cost"]
    found = []
    for epochs in (3, 6):
        program = gradmq(*job(small_data, epochs, workers=0), *options)
        assert program.end() == 0, program.text()
        found.append(program)
    resumed = gradmq("resume", found[0].run_folder, "--epochs", 6, "--workers", 2)
    assert resumed.end() == 0, resumed.text()
    assert_complete(found[0].run_folder, [line["weights_sha256"] for line in metrics(found[1])])
    assert (load_model(found[0].run_folder / "best.npz").parameters.sha256) == (
        load_model(found[1].run_folder / "best.npz").parameters.sha256
    )
