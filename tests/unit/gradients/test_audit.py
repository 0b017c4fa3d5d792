"""Replies that are computed again."""

import numpy as np
import pytest

from coordinator.gradients.audit import Audit
from coordinator.gradients.pending import PendingStep
from coordinator.gradients.totals import RunningTotal, TreeTotal
from coordinator.workers.cuts import pieces
from shared.data.parts import Part
from shared.messaging.records import Kind, Record
from shared.messaging.seals import Key
from shared.parallel.evaluation import Evaluation
from shared.parallel.strategy import strategy_of
from shared.parallel.work import Sum
from tests.support.learning import CONFIG, DATA, EXACT, SAMPLES, evaluation_of, step_of

KEY = Key(b"the coordinator's")


@pytest.fixture
def pending() -> PendingStep:
    made = PendingStep(1, step_of(2), strategy_of(CONFIG, SAMPLES), TreeTotal([]), KEY)
    made.request(pieces([0, 2, 4]))
    return made


@pytest.fixture
def reply(pending) -> Record:
    request = pending.waiting[1].record
    score = strategy_of(CONFIG, SAMPLES).block(PARAMETERS, step_of(2), request.first, request.stop).score
    return request._replace(kind=Kind.REPLY, **score._asdict())


PARAMETERS = CONFIG.initial_parameters()


@pytest.fixture
def right(reply) -> np.ndarray:
    return strategy_of(CONFIG, SAMPLES).block(PARAMETERS, step_of(2), reply.first, reply.stop)[0].copy()


def is_correct(share: float, pending: PendingStep, reply: Record, gradient: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        return Audit(share).corrected(PARAMETERS, pending, reply, gradient, share == 1.0) is reply


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
        assert Audit(1.0).corrected(diverged, pending, reply, given, True) is reply


def test_about_that_share_is_checked():
    audit = Audit(0.25)
    checked = sum(audit.draws() for _ in range(400))
    assert 40 < checked < 180  # seven standard deviations around 100 and more


@pytest.mark.parametrize("config", [CONFIG, EXACT])
def test_zeros_may_differ_in_their_signs(config):
    strategy = strategy_of(config, SAMPLES)
    weights = strategy.broadcast(config.initial_parameters())
    pending = PendingStep(1, step_of(2, config), strategy, RunningTotal([]), KEY)
    total, score = strategy.block(weights, pending.step, 1, 4)
    reply, given = Record(Kind.REPLY, 1, 2, 1, 4, **score._asdict()), total.copy()
    given[7] = 0.0
    right = given.copy()
    strategy.block = lambda *what: Sum(right, score)
    given[7] = -0.0
    assert Audit(1.0).corrected(weights, pending, reply, given, True) is reply
    given[7] = np.finfo(given.dtype).smallest_subnormal
    assert Audit(1.0).corrected(weights, pending, reply, given, True) is not reply


@pytest.mark.parametrize("wrong", [{"correct": 0}, {"cost": 2.0**-24}])
def test_a_wrong_score_beside_a_right_gradient_is_found_too(pending, reply, right, wrong):
    given = right.copy()
    assert Audit(1.0).corrected(PARAMETERS, pending, reply._replace(**wrong), given, True) == reply
    assert given.tobytes() == right.tobytes()


@pytest.mark.parametrize("wrong", [{"correct": 0}, {"cost": 0.0}])
def test_a_wrong_score_of_an_evaluation_is_found(wrong):
    step, evaluation = evaluation_of(Part.VALIDATION), Evaluation(CONFIG, DATA.validation)
    pending, nothing = PendingStep(1, step, evaluation, RunningTotal([]), KEY), np.empty(0)
    correct, cost, samples = evaluation.block(PARAMETERS, step, 1, 3).score
    reply = Record(Kind.SCORE, 1, step.number, 1, 3, samples=samples, correct=correct, cost=cost)
    assert Audit(1.0).corrected(PARAMETERS, pending, reply, nothing, True) is reply
    assert Audit(1.0).corrected(PARAMETERS, pending, reply._replace(**wrong), nothing, True) == reply
