"""Replies that are computed again."""

import numpy as np
import pytest

from coordinator.gradients.audit import Audit
from coordinator.gradients.pending import PendingStep
from coordinator.gradients.totals import RunningTotal, TreeTotal
from coordinator.workers.cuts import pieces
from shared.messaging.records import Kind, Record
from shared.parallel.strategy import strategy_of
from tests.support.learning import CONFIG, EXACT, SAMPLES, step_of


@pytest.fixture
def pending() -> PendingStep:
    made = PendingStep(1, step_of(2), bounds=[0, 1, 3, 4, 6], total=TreeTotal([]))
    made.request(pieces([0, 2, 4]))
    return made


@pytest.fixture
def reply(pending) -> Record:
    return pending.waiting[1].record._replace(kind=Kind.REPLY)


PARAMETERS = CONFIG.initial_parameters()


@pytest.fixture
def right(reply) -> np.ndarray:
    return strategy_of(CONFIG, SAMPLES).block(PARAMETERS, step_of(2), reply.first, reply.stop)[0].copy()


def is_correct(share: float, pending: PendingStep, reply: Record, gradient: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        return Audit(share, strategy_of(CONFIG, SAMPLES)).correct(PARAMETERS, pending, reply, gradient)


def test_the_right_gradient_is_right(pending, reply, right):
    given = right.copy()
    assert is_correct(1.0, pending, reply, given)
    assert given.tobytes() == right.tobytes()


def test_a_wrong_bit_is_found_and_the_right_gradient_is_put_there(pending, reply, right):
    given = right.copy()
    given.view(np.uint8)[0] ^= 1
    assert not is_correct(1.0, pending, reply, given)
    assert given.tobytes() == right.tobytes()


def test_what_is_not_checked_is_believed(pending, reply, right):
    given = right + 1
    assert is_correct(0.0, pending, reply, given)
    assert given.tobytes() == (right + 1).tobytes()


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_always_checked(pending, reply, right, number):
    given = right.copy()
    given[3] = number
    assert not is_correct(0.0, pending, reply, given)
    assert given.tobytes() == right.tobytes()


def test_where_the_run_itself_diverges_nobody_is_to_blame(pending, reply):
    """NaN is NaN, whatever its bits are."""
    diverged = CONFIG.initial_parameters()
    diverged.flat[:] = np.nan
    given = np.full_like(diverged.flat, np.inf)
    with np.errstate(all="ignore"):
        assert Audit(1.0, strategy_of(CONFIG, SAMPLES)).correct(diverged, pending, reply, given)


def test_about_that_share_is_checked(pending, reply, right):
    audit = Audit(0.25, strategy_of(CONFIG, SAMPLES))
    checked = sum(not audit.correct(PARAMETERS, pending, reply, right + 1) for _ in range(400))
    assert 40 < checked < 180  # seven standard deviations around 100 and more


@pytest.mark.parametrize("config", [CONFIG, EXACT])
def test_zeros_may_differ_in_their_signs(config):
    strategy = strategy_of(config, SAMPLES)
    weights = strategy.broadcast(config.initial_parameters())
    pending = PendingStep(1, step_of(2, config), strategy.bounds(6), total=RunningTotal([]))
    reply = Record(Kind.REPLY, 1, 2, 1, 4)
    given = strategy.block(weights, pending.step, 1, 4)[0].copy()
    given[7] = 0.0
    right = given.copy()
    strategy.block = lambda *what: (right, 3)
    given[7] = -0.0
    assert Audit(1.0, strategy).correct(weights, pending, reply, given)
    given[7] = np.finfo(given.dtype).smallest_subnormal
    assert not Audit(1.0, strategy).correct(weights, pending, reply, given)
