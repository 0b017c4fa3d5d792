"""Messages with random damage: never a wrong weight, and nobody ends by them."""

import threading
from collections import Counter
from contextlib import closing

import numpy as np

from shared.messaging.keys import Keys
from shared.messaging.lease import Lease
from shared.messaging.records import RECORD_BYTES, Kind, Record
from shared.messaging.seals import digest
from shared.parallel.strategy import strategy_of
from tests.support.fake_worker import FakeWorker
from tests.support.learning import CONFIG, DIGESTS, KERNELS, SAMPLES, SECRET, alone, learn, step_of
from tests.support.mutate import COUNT, mutated, mutations
from tests.support.remote import gradients_on
from tests.support.waiting import PATIENCE, wait_until
from worker import samples as worker_data
from worker.session import Session


def test_damaged_replies_change_nothing(server, dice):
    """Their heads and lengths are damaged, or both; the right reply follows."""
    sent: Counter[str] = Counter()

    def answer(message: bytes, record: Record) -> list[bytes]:
        wrong = []
        for _ in range(dice.randint(1, 2)):  # with more in a row it would get no more work
            head = mutated(message[:RECORD_BYTES], dice)[: RECORD_BYTES * 2]
            # Spoilt, so that adding it would show; the name of the right request would make it an answer.
            body = (np.frombuffer(message[RECORD_BYTES:], np.float32) + np.float32(1)).tobytes()
            found = Record.decode((head + body)[:RECORD_BYTES])
            if found is None or found != record or len(head) != RECORD_BYTES:
                is_answer = found is not None and found.identity == record.identity and found.kind == Kind.REPLY
                if not is_answer or len(head) != RECORD_BYTES:
                    wrong.append(head + body)
        sent["wrong"] += len(wrong)
        return [*wrong, message]

    FakeWorker(server, answer).start()
    while sent["wrong"] < COUNT:
        with closing(gradients_on(server)) as remote:
            assert learn(remote) == learn(alone())


def test_damaged_requests_are_no_ones_work(server, dice):
    """A real lease, whose list of requests is full of damaged ones; it stays until the right one and answers that."""
    worker_data.keep(SAMPLES)
    incarnation = 77
    lease = Lease("run", incarnation, CONFIG, DIGESTS, 0, 0, 10, 10, 0, 0, "1/1", (), KERNELS, SECRET)
    keys = Keys("run", incarnation)
    parameters = CONFIG.initial_parameters()
    content = parameters.flat.tobytes()
    request = Record(Kind.REQUEST, incarnation, 2, 0, 2, content=digest(content))
    weights = Record(Kind.WEIGHTS, incarnation, 2, number=0).encode() + content
    with server.client() as client:
        client.set(keys.weights, weights)
        client.rpush(keys.requests(0), *mutations(request.encode(), dice), request.encode())
        session = Session(lease, server.url, "worker")
        thread = threading.Thread(target=session.work, daemon=True)
        thread.start()
        wait_until(lambda: not client.llen(keys.requests(0)), "all requests to be taken")
        client.delete(keys.weights)
        client.rpush(keys.requests(0), Record(Kind.OVER, incarnation, number=0).encode())
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the session does not end"
        strategy = strategy_of(CONFIG, SAMPLES)
        answers = 0
        for message in client.lrange(keys.replies, 0, -1):
            reply = Record.decode(message)
            if reply is not None and reply.kind == Kind.REPLY:
                right, score = strategy.block(parameters, step_of(2), reply.first, reply.stop)
                assert (reply.step, reply.samples) == (2, score.samples)
                assert message[RECORD_BYTES:] == right.tobytes()
                answers += reply.identity == request.identity
        assert answers >= 1
