"""What a step requests, and what a reply is to it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.gradients.pending import PendingStep, Verdict
from shared.data.sampler import Step
from shared.messaging.records import Kind, Record
from shared.parallel.reduction import tree_sum


@given(shards=st.integers(1, 33), workers=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_blocks_of_any_number_of_workers_add_up_to_the_same_bits(shards, workers, seed):
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((shards, 3)).astype(np.float32) * 10.0 ** rng.integers(-6, 6, (shards, 1))
    whole = tree_sum(lambda number: vectors[number].copy(), 0, shards)
    step = Step(0, 0, 0, np.arange(shards))
    requests = PendingStep(0, step, bounds=list(range(shards + 1)), workers=workers).unanswered()
    assert len(requests) >= min(workers, shards)
    blocks = [tree_sum(lambda number: vectors[number].copy(), request.first, request.stop) for request in requests]
    assert tree_sum(blocks.__getitem__, 0, len(blocks)).tobytes() == whole.tobytes()


@pytest.fixture
def pending() -> PendingStep:
    return PendingStep(incarnation=1, step=Step(0, 7, 7, np.arange(10)), bounds=[0, 5, 10], workers=2)


@pytest.fixture
def replies(pending) -> list[Record]:
    return [request._replace(kind=Kind.REPLY, samples=5, number=1) for request in pending.unanswered()]


def test_a_pending_step_counts_each_shard_once(pending, replies):
    first, second = replies
    verdicts = []
    for reply in (first, first, second, first._replace(step=6), first._replace(step=8), second._replace(stop=1)):
        verdicts.append(pending.judge(reply).name)
        if pending.judge(reply) is Verdict.ANSWER:
            pending.accept(reply, np.zeros(2), np.zeros(1))
    assert verdicts == ["ANSWER", "DUPLICATE", "ANSWER", "LATE", "WRONG", "WRONG"]
    result = pending.result(np.zeros(1), ())
    assert (pending.missing, result.n_samples, len(pending.messages())) == (0, 10, 2)


@pytest.mark.parametrize(
    "fields",
    [{"incarnation": 2}, {"first": 2}, {"first": 2**32 - 1}, {"stop": 2}, {"samples": 4}, {"samples": 6}, {"step": 8}],
)
def test_a_reply_to_nothing_that_was_requested_is_wrong(pending, replies, fields):
    assert pending.judge(replies[0]._replace(**fields)) is Verdict.WRONG


def test_what_is_not_answered_yet_can_be_requested_again(pending, replies):
    first, second = pending.requests
    assert (pending.unanswered(), pending.missing) == ([first, second], 2)
    pending.accept(replies[1], np.zeros(2), np.zeros(1))
    assert (pending.unanswered(), pending.missing) == ([first], 1)


def test_gradients_are_in_the_order_of_the_shards_whoever_came_first(pending, replies):
    messages = [np.full(4, number, np.uint8) for number in range(2)]
    for number in (1, 0):
        pending.accept(replies[number], messages[number], np.array([float(number)]))
    assert [float(gradient[0]) for gradient in pending.gradients()] == [0.0, 1.0]
    assert [message is kept for message, kept in zip(messages, pending.messages(), strict=True)] == [True, True]


def test_the_result_tells_what_happened(pending, replies):
    for reply in replies:
        pending.counts.answered("worker", reply.samples)
        pending.accept(reply, np.zeros(2), np.zeros(1))
    total = np.zeros(1)
    result = pending.result(total, ("liar",))
    assert result.total is total
    assert (result.n_samples, result.excluded, result.counts.requests) == (10, ("liar",), 2)
    result.counts.check(0, 10)
