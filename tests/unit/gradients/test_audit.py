"""Replies that are computed again."""

import numpy as np
import pytest

from coordinator.gradients.audit import Audit
from coordinator.gradients.pending import PendingStep
from shared.messaging.records import Kind, Record
from shared.parallel.strategy import strategy_of
from tests.support.learning import CONFIG, SAMPLES, step_of


@pytest.fixture
def pending() -> PendingStep:
    return PendingStep(1, step_of(2), bounds=[0, 1, 3, 4, 6], workers=2)


@pytest.fixture
def reply(pending) -> Record:
    return pending.requests[1]._replace(kind=Kind.REPLY)


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
