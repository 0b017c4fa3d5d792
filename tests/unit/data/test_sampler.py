"""The order of an epoch and its mini-batches."""

import numpy as np
import pytest
from shared.parallel.sgd import epoch_order, initial_parameters, mini_batch_starts


def test_an_epochs_order_is_a_permutation_that_depends_on_seed_and_epoch_alone():
    orders = {(seed, epoch): epoch_order(seed, epoch, 1000).tolist() for seed in (0, 1) for epoch in (0, 1, 7)}
    assert all(sorted(order) == list(range(1000)) for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) == len(orders)
    epoch_order.cache_clear()
    assert epoch_order(1, 7, 1000).tolist() == orders[1, 7]


RECORDED_ORDER = [5, 3, 7, 8, 2, 4, 1, 0, 6, 9]


RECORDED_WEIGHTS = [
    1.3265118818830892,
    1.2048090979493156,
    -0.03910371209917862,
    -0.5194192970029236,
    -1.1132959094272785,
    -1.7673803015404892,
    0.15929546600623282,
    -1.7741885208017214,
]


def test_an_epochs_order_never_changes():
    """Recorded once: another value would make old runs unrepeatable."""
    assert epoch_order(0, 0, 10).tolist() == RECORDED_ORDER
    assert initial_parameters((3, 2), 0, np.float64).flat.tolist() == pytest.approx(RECORDED_WEIGHTS, rel=1e-15)


def test_the_last_mini_batch_may_be_shorter():
    assert list(mini_batch_starts(25, 10)) == [0, 10, 20]
