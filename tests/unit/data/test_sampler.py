"""The order of an epoch and its steps."""

import numpy as np
import pytest

from shared.data.parts import EVALUATED, Part
from shared.data.sampler import BatchSampler, epoch_order


def test_an_epochs_order_is_a_permutation_that_depends_on_seed_and_epoch_alone():
    orders = {(seed, epoch): epoch_order(seed, epoch, 1000).tolist() for seed in (0, 1) for epoch in (0, 1, 7)}
    assert all(sorted(order) == list(range(1000)) for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) == len(orders)
    epoch_order.cache_clear()
    assert epoch_order(1, 7, 1000).tolist() == orders[1, 7]


def test_an_epochs_order_never_changes():
    """Recorded once: another value would make old runs unrepeatable."""
    assert epoch_order(0, 0, 10).tolist() == [5, 3, 7, 8, 2, 4, 1, 0, 6, 9]


def test_nobody_can_change_an_order_that_others_use():
    with pytest.raises(ValueError, match="read-only"):
        epoch_order(0, 0, 10)[0] = 1


def test_the_last_step_may_be_shorter():
    sampler = BatchSampler(seed=0, n_samples=25, samples_per_step=10)
    assert sampler.steps_per_epoch == 3
    assert [len(step.rows) for step in sampler.steps(0)] == [10, 10, 5]


def test_an_epochs_steps_are_its_order_cut_in_pieces():
    sampler = BatchSampler(seed=3, n_samples=25, samples_per_step=10)
    for epoch in (0, 2):
        rows = np.concatenate([step.rows for step in sampler.steps(epoch)])
        assert rows.tolist() == epoch_order(3, epoch, 25).tolist()


def test_steps_are_numbered_in_the_epoch_and_in_the_run():
    sampler = BatchSampler(seed=0, n_samples=25, samples_per_step=10)
    found = [(step.epoch, step.index, step.number, step.update) for step in sampler.steps(2)]
    assert found == [(2, 0, 10, 6), (2, 1, 11, 7), (2, 2, 12, 8)]  # each epoch before had two evaluations


def test_evaluations_follow_an_epochs_steps_and_change_no_weights():
    sampler = BatchSampler(seed=0, n_samples=25, samples_per_step=10)
    for epoch in range(3):
        steps = [*sampler.steps(epoch), *(sampler.evaluation(epoch, part, 7) for part in EVALUATED)]
        assert [step.index for step in steps] == [0, 1, 2, 3, 4]
        assert [step.number for step in steps] == [*range(5 * epoch, 5 * epoch + 5)]
        assert [step.update - 3 * epoch for step in steps] == [0, 1, 2, 3, 3]
        assert [sampler.evaluated(step.index) for step in steps] == [None, None, None, Part.VALIDATION, Part.TEST]
        assert [step.part for step in steps[3:]] == [Part.VALIDATION, Part.TEST]
        assert steps[3].rows.tolist() == [*range(7)]


def test_an_epoch_can_be_entered_at_any_step():
    sampler = BatchSampler(seed=0, n_samples=25, samples_per_step=10)
    (late,) = sampler.steps(1, first=2)
    assert (late.index, late.number, late.update) == (2, 7, 5)
    assert late.rows.tolist() == sampler.step(1, 2).rows.tolist() == epoch_order(0, 1, 25)[20:].tolist()
    assert list(sampler.steps(1, first=3)) == []
