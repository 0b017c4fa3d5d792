"""What a step asks for, and what a reply is to it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from shared.parallel.sgd import tree_sum

from coordinator.gradients.pending import PendingStep, Verdict
from shared.messaging.records import Kind


@given(shards=st.integers(1, 33), workers=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_blocks_of_any_number_of_workers_add_up_to_the_same_bits(shards, workers, seed):
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((shards, 3)).astype(np.float32) * 10.0 ** rng.integers(-6, 6, (shards, 1))
    whole = tree_sum(lambda number: vectors[number].copy(), 0, shards)
    requests = PendingStep(0, 0, rows=np.arange(shards), bounds=list(range(shards + 1)), workers=workers).unanswered()
    assert len(requests) >= min(workers, shards)
    blocks = [tree_sum(lambda number: vectors[number].copy(), request.first, request.stop) for request in requests]
    assert tree_sum(blocks.__getitem__, 0, len(blocks)).tobytes() == whole.tobytes()


def test_an_ask_counts_each_shard_once():
    ask = PendingStep(incarnation=1, step=7, rows=np.arange(10), bounds=[0, 5, 10], workers=2)
    first, second = (request._replace(kind=Kind.REPLY, samples=5, number=1) for request in ask.unanswered())
    verdicts = []
    for reply in (first, first, second, first._replace(step=6), first._replace(step=8), second._replace(stop=1)):
        verdicts.append(ask.judge(reply).name)
        if ask.judge(reply) is Verdict.ANSWER:
            ask.accept(reply, np.zeros(1))
    assert verdicts == ["ANSWER", "DUPLICATE", "ANSWER", "LATE", "WRONG", "WRONG"]
    assert (ask.missing, ask.n_samples, len(ask.replies())) == (0, 10, 2)
