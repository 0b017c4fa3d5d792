"""Replies of every kind on a real Redis, from a worker that we make misbehave."""

import pytest

from shared.messaging.records import Kind, Record
from tests.support.fake_worker import FakeWorker, changed
from tests.support.learning import alone, learn


def test_a_reply_delivered_twice_changes_nothing(server, remote):
    worker = FakeWorker(server, lambda message, record: [message, changed(message, record), message])
    worker.start()
    assert learn(remote) == learn(alone())
    assert worker.messages == 3 * worker.requests >= 30


def test_a_late_reply_from_another_step_changes_nothing(server, remote):
    late: list[bytes] = []

    def answer(message: bytes, record: Record) -> list[bytes]:
        late.append(changed(message, record))
        return [*late[-3:-1], message]

    worker = FakeWorker(server, answer)
    worker.start()
    assert learn(remote) == learn(alone())
    assert worker.messages > 2 * worker.requests


@pytest.mark.parametrize(
    "fields",
    [
        {"incarnation": 1},
        {"step": 99},
        {"first": 4},
        {"first": 2**32 - 1},
        {"stop": 2**32 - 1},
        {"samples": 5},
        {"kind": Kind.WEIGHTS},
        {"kind": 255},
    ],
)
def test_a_reply_under_a_false_name_changes_nothing(server, remote, fields):
    worker = FakeWorker(server, lambda message, record: [changed(message, record, **fields), message])
    worker.start()
    assert learn(remote, 3) == learn(alone(), 3)
    assert worker.messages == 2 * worker.requests


@pytest.mark.parametrize("spoil", [lambda m: b"", lambda m: m[:-4], lambda m: m + b"1234", lambda m: b"X" + m[1:]])
def test_a_reply_of_the_wrong_length_or_kind_changes_nothing(server, remote, spoil):
    worker = FakeWorker(server, lambda message, record: [spoil(message), message])
    worker.start()
    assert learn(remote, 3) == learn(alone(), 3)
    assert worker.messages == 2 * worker.requests


def test_a_request_without_a_reply_is_sent_again(server, remote):
    forgotten: list[Record] = []

    def answer(message: bytes, record: Record) -> list[bytes]:
        if record.step == 2 and record.step not in [record.step for record in forgotten]:
            forgotten.append(record)
            return [changed(message, record, step=1)]
        return [message]

    remote._timer.add(0.001)  # so that a second without a reply counts as late
    FakeWorker(server, answer).start()
    assert learn(remote) == learn(alone())
    assert len(forgotten) == 1
