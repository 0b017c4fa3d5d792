"""Checkpoints of epochs' beginnings: few, the more recent the more, and always one to go back to."""

import os
from dataclasses import replace

import pytest

from coordinator.runs.checkpoint import save_checkpoint
from coordinator.runs.kept_epochs import KeptEpochs, is_kept
from shared.training.state import TrainingState
from tests.support.learning import CONFIG

STEPS = 10
MANY = replace(CONFIG, epochs=100)


def state_at(epoch: int) -> TrainingState:
    state = TrainingState.initial(MANY)
    state.epoch = epoch
    return state


@pytest.fixture
def checkpoint(tmp_path):
    return tmp_path / "checkpoint.npz"


@pytest.fixture
def kept(checkpoint) -> KeptEpochs:
    return KeptEpochs(checkpoint)


def keep(kept: KeptEpochs, checkpoint, *epochs: int) -> None:
    for epoch in epochs:
        save_checkpoint(checkpoint, state_at(epoch), MANY)
        kept.keep(epoch)


def test_the_number_kept_is_that_of_binary_digits():
    for latest in range(1, 300):
        assert sum(is_kept(epoch, latest) for epoch in range(latest + 1)) <= latest.bit_length()


def test_who_goes_back_comes_not_much_further():
    for latest in range(1, 300):
        kept = [epoch for epoch in range(latest + 1) if is_kept(epoch, latest)]
        for wanted in range(kept[0], latest + 1):
            found = max(epoch for epoch in kept if epoch <= wanted)
            assert latest - found + 1 <= 3 * (latest - wanted + 1)


def test_an_epoch_that_was_given_up_is_never_wanted_again():
    for epoch in range(1, 100):
        wanted = [is_kept(epoch, latest) for latest in range(epoch, 300)]
        assert wanted == sorted(wanted, reverse=True)


def test_the_latest_before_an_epoch_is_found(kept, checkpoint):
    keep(kept, checkpoint, *range(1, 31))
    assert kept.epochs == [16, 24, 28, 29, 30]
    assert kept.latest(30, MANY, STEPS).epoch == 30
    assert kept.latest(27, MANY, STEPS).epoch == 24
    assert kept.latest(15, MANY, STEPS) is None


def test_a_damaged_one_is_passed_over(kept, checkpoint, caplog):
    keep(kept, checkpoint, 1, 2)
    file = checkpoint.with_name("checkpoint.epoch2.npz")
    file.write_bytes(file.read_bytes()[:-50])
    assert kept.latest(2, MANY, STEPS).epoch == 1
    assert "is damaged" in caplog.text


def test_what_follows_an_epoch_can_be_forgotten(kept, checkpoint):
    keep(kept, checkpoint, 1, 2, 3, 4)
    kept.forget(4)
    assert 4 not in kept.epochs
    kept.forget(0)
    assert kept.epochs == []


def test_what_is_kept_stays_when_the_checkpoint_is_written_again(kept, checkpoint):
    keep(kept, checkpoint, 4)
    save_checkpoint(checkpoint, state_at(5), MANY)
    save_checkpoint(checkpoint, state_at(6), MANY)
    assert kept.latest(9, MANY, STEPS).epoch == 4


def test_a_file_system_without_links_will_do(kept, checkpoint, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    keep(kept, checkpoint, 3, 4)
    assert kept.latest(4, MANY, STEPS).epoch == 4


def test_other_files_are_none_of_ours(kept, checkpoint):
    for name in ("checkpoint.epochs.npz", "checkpoint.epoch1.npz.bak", "xcheckpoint.epoch1.npz"):
        checkpoint.with_name(name).write_bytes(b"")
    assert kept.epochs == []
