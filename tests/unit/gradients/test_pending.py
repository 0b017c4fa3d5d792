"""What a step requests, and what a reply is to it."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.gradients.pending import PendingStep, Verdict
from coordinator.gradients.totals import RunningTotal
from coordinator.workers.cuts import Piece, pieces
from shared.data.parts import Part
from shared.data.sampler import Step
from shared.messaging.records import OWN, RECORD_BYTES, Kind, Record, token_of
from shared.messaging.seals import Key

N_UNITS = 10


KEY = Key(b"the coordinator's")


class Pairs:
    """Units of two samples each."""

    divisible = True

    def __init__(self, evaluates: bool) -> None:
        self.evaluates = evaluates

    def bounds(self, n_samples):
        return range(0, n_samples + 1, 2)


class Told:
    """Step 7 of incarnation 1: ten units of two samples each. A unit's gradient is 2 to the power of its number.

    So is its cost, and one sample of each is right.
    """

    def __init__(self, evaluates: bool = False) -> None:
        step = Step(0, 7, 7, 7, np.arange(2 * N_UNITS), Part.TEST if evaluates else Part.TRAINING)
        self.kind = Kind.SCORE if evaluates else Kind.REPLY
        self.pending = PendingStep(1, step, Pairs(evaluates), RunningTotal([]), KEY)

    def reply(self, first: int, stop: int, **fields: int) -> str:
        """Judge a reply for these units, which echoes the latest request for them, and accept an answer."""
        cost, token = sum(2.0**unit for unit in range(first, stop)), self.token(first, stop)
        right = Record(self.kind, 1, 7, first, stop, samples=2 * (stop - first), number=1, token=token)
        reply = right._replace(correct=stop - first, cost=cost)._replace(**fields)
        verdict = self.pending.judge(reply)
        if verdict is Verdict.ANSWER:
            gradient = np.array([cost])
            self.pending.accept("worker", reply, np.zeros(RECORD_BYTES + gradient.nbytes, np.uint8), gradient)
        return verdict.name

    def token(self, first: int, stop: int) -> int:
        """The seal of the latest request for these units, 0 if there was none."""
        return [0, *(token for token, units in self.pending._requested.items() if units == (first, stop))][-1]

    @property
    def waiting(self) -> list[tuple[int, int]]:
        """The units of each request that waits for a reply."""
        return [request.record[3:5] for request in self.pending.waiting]

    def check(self, parts: int) -> None:
        """All is answered: every unit counts once, the ledger comes out."""
        assert self.waiting == []
        assert self.pending.missing == 0
        result = self.pending.result(("liar",))
        assert result.total == [2**N_UNITS - 1]
        assert result.score == (N_UNITS, 2**N_UNITS - 1, 2 * N_UNITS)
        assert (result.excluded, result.counts.requests) == (("liar",), parts)
        result.counts.check(0, *((0, 2 * N_UNITS) if self.kind == Kind.SCORE else (2 * N_UNITS, 0)))


@pytest.fixture
def told() -> Told:
    """Units 0 to 4 are requested of who holds lease 3, units 5 to 9 of who holds lease 4."""
    made = Told()
    made.pending.request([Piece(0, 5, 3), Piece(5, 10, 4)])
    return made


def test_before_anything_was_requested_nothing_is_missing():
    pending = Told().pending
    assert not pending.is_requested
    assert (pending.missing, pending.waiting) == (0, [])


def test_what_was_requested_is_missing(told):
    assert told.pending.is_requested
    assert told.pending.missing == 2
    assert [request.lease for request in told.pending.waiting] == [3, 4]
    assert {record[:3] for record, _, _ in told.pending.waiting} == {(Kind.REQUEST, 1, 7)}


def test_each_unit_counts_once(told):
    assert told.reply(5, 10) == "ANSWER"
    assert told.reply(5, 10) == "DUPLICATE"
    assert told.waiting == [(0, 5)]
    assert told.reply(0, 5, step=6) == "LATE"
    assert told.reply(0, 5) == "ANSWER"
    told.check(parts=2)


@pytest.mark.parametrize(
    "fields",
    [
        {"samples": 9},
        {"samples": 11},
        {"kind": Kind.SCORE},
        {"correct": 11},
        {"cost": -1.0},
        {"cost": float("inf")},
        {"cost": 1e300},  # which as a whole number of small units no float could hold
        {"cost": float("nan")},
    ],
)
def test_what_no_answer_to_a_request_can_be_is_wrong(told, fields):
    request = told.pending.waiting[0]
    reply = request.record._replace(kind=Kind.REPLY, samples=10, token=token_of(request.data))
    assert told.pending.judge(reply) is Verdict.ANSWER
    assert told.pending.judge(reply._replace(**fields)) is Verdict.WRONG


@pytest.mark.parametrize(
    "fields",
    [
        {"incarnation": 2},
        {"first": 2},
        {"first": 2**32 - 1},
        {"stop": 2},
        {"stop": 2**32 - 1},
        {"first": 5, "stop": 10},  # another request of the same step
        {"step": 8},
        {"token": 1},
    ],
)
def test_a_reply_to_what_we_never_requested_is_foreign(told, fields):
    request = told.pending.waiting[0]
    reply = request.record._replace(kind=Kind.REPLY, samples=10, token=token_of(request.data))
    assert told.pending.judge(reply._replace(**fields)) is Verdict.FOREIGN


def test_when_weights_are_sent_in_another_way_what_waits_is_requested_with_their_digest(told):
    told.reply(5, 10)
    before = told.pending.waiting[0]
    told.pending.renew(99)
    (after,) = told.pending.waiting
    assert after.record == before.record._replace(content=99)
    old = before.record._replace(kind=Kind.REPLY, samples=10, token=token_of(before.data))
    assert told.pending.judge(old) is Verdict.ANSWER  # of whoever had the request before
    assert told.reply(0, 5) == "ANSWER"
    told.check(parts=2)


def test_an_evaluation_is_answered_by_scores_which_the_ledger_does_not_take_for_training():
    told = Told(evaluates=True)
    told.pending.request(pieces([0, 5, 10]))
    assert told.reply(0, 5, kind=Kind.REPLY) == "WRONG"
    assert [told.reply(*piece) for piece in ((5, 10), (0, 5), (0, 5))] == ["ANSWER", "ANSWER", "DUPLICATE"]
    told.check(parts=2)
    assert told.pending.name == "epoch 0's evaluation on test samples"


def test_requests_of_one_worker_need_no_number_and_those_of_anyone_have_their_own():
    pending = Told().pending
    pending.request([Piece(0, 2, 3), Piece(2, 4), Piece(4, 6), Piece(6, 10, 4)])
    assert [record.region for record, _, _ in pending.waiting] == [OWN, 1, 2, OWN]


def test_what_one_worker_was_asked_for_may_be_asked_of_anyone(told):
    first, _ = told.pending.waiting
    (request,) = told.pending.request_of_anyone(first)
    assert Record.decode(request) == first.record._replace(region=1)
    assert told.waiting == [(5, 10), (0, 5)]
    assert told.pending.missing == 2
    assert [request.lease for request in told.pending.waiting] == [4, None]
    assert told.pending.request_of_anyone(told.pending.waiting[1]) == [request]  # which was sent to anyone already
    told.reply(5, 10)
    assert (told.reply(0, 5), told.reply(0, 5)) == ("ANSWER", "DUPLICATE")
    told.check(parts=2)


def test_a_late_request_may_be_divided(told):
    parts = [Record.decode(part) for part in told.pending.request_of_anyone(told.pending.waiting[0], 3)]
    assert [record[3:5] for record in parts] == [(0, 1), (1, 3), (3, 5)]
    assert [record.region for record in parts] == [1, 2, 3]
    assert told.pending.missing == 1  # as far as can be said: the original may come, and the other is one
    assert told.reply(1, 3) == "ANSWER"
    assert told.reply(0, 5) == "DUPLICATE"  # of which a part is answered
    assert told.reply(5, 10) == "ANSWER"
    assert told.waiting == [(0, 1), (3, 5)]
    assert (told.reply(3, 5), told.reply(0, 1)) == ("ANSWER", "ANSWER")
    assert told.pending.withdrawn == []
    told.check(parts=4)


def test_if_the_original_comes_first_its_parts_are_withdrawn(told):
    parts = told.pending.request_of_anyone(told.pending.waiting[0], 2)
    assert told.reply(0, 5) == "ANSWER"
    assert told.pending.withdrawn == parts
    assert told.waiting == [(5, 10)]
    assert told.reply(0, 2) == "DUPLICATE"
    told.reply(5, 10)
    told.check(parts=2)


def test_a_part_may_be_late_and_divided_again(told):
    told.pending.request_of_anyone(told.pending.waiting[0], 2)
    part = next(request for request in told.pending.waiting if request.record.stop == 5)
    finest = [Record.decode(each) for each in told.pending.request_of_anyone(part, 10)]
    assert [record[3:5] for record in finest] == [(2, 3), (3, 4), (4, 5)]  # not less than a unit
    assert told.reply(3, 4) == "ANSWER"
    assert [told.reply(2, 5), told.reply(0, 5)] == ["DUPLICATE", "DUPLICATE"]
    assert [told.reply(*piece) for piece in ((0, 2), (2, 3), (4, 5), (5, 10))] == ["ANSWER"] * 4
    told.check(parts=5)


def test_a_holder_owes_what_it_alone_was_asked_for_until_a_part_of_that_is_answered(told):
    assert told.pending.owing == {3, 4}
    told.reply(5, 10)
    assert told.pending.owing == {3}
    told.pending.request_of_anyone(told.pending.waiting[0], 2)
    assert told.pending.owing == {3}  # still: of who takes a part nothing is known
    told.reply(2, 5)
    assert told.pending.owing == set()  # its own reply would be a duplicate


def test_nobody_owes_in_particular_what_was_requested_of_anyone():
    pending = Told().pending
    pending.request(pieces([0, 5, 10]))
    assert pending.owing is None


@given(seed=st.integers(0, 2**32 - 1))
def test_whatever_is_divided_and_whoever_comes_first_each_unit_counts_once(seed):
    dice, told = Random(seed), Told()
    told.pending.request(pieces([0, *sorted(dice.sample(range(1, 10), dice.randrange(5))), 10]))
    sent = told.waiting
    while told.pending.missing:
        if dice.random() < 0.3:
            parts = told.pending.request_of_anyone(dice.choice(told.pending.waiting), dice.randint(1, 4))
            sent += [Record.decode(part)[3:5] for part in parts]
        missing = told.pending.missing
        verdict = told.reply(*dice.choice(sent))
        # As many replies as are said to be missing are missing: whoever waits for so many does not wait for nothing.
        assert told.pending.missing >= missing - (verdict == "ANSWER")
        covered = sorted(unit for first, stop in told.waiting for unit in range(first, stop))
        assert len(covered) == len(set(covered))
    told.check(parts=told.pending.counts.requests)
