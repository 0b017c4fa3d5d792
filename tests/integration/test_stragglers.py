"""Who is slow, as the replies tell."""

from coordinator.workers.stragglers import Stragglers
from shared.messaging.records import Record
from tests.support.clock import Clock
from tests.support.fake_worker import FakeWorker, changed
from tests.support.learning import alone, learn


def test_a_pause_ends_when_nobody_else_is_there(server, remote):
    clock, slow = Clock(), FakeWorker(server, name="slow")
    remote._workforce.stragglers = stragglers = Stragglers(clock)
    for _ in range(15):
        clock.advance(0.1)
        stragglers.replied("fast", 0.001)
        stragglers.replied(slow.called, 1.0)
    stragglers.review(["fast", slow.called])
    assert stragglers.pausing == {slow.called}
    slow.start()
    assert learn(remote) == learn(alone())
    assert not stragglers.pausing


def test_who_rescues_a_lost_request_is_not_taken_for_slow(server, remote):
    remote._timer.add(0.001)
    forgotten: list[Record] = []

    def forget(message: bytes, record: Record) -> list[bytes]:
        if record.step in (2, 5, 8) and record.step not in [other.step for other in forgotten]:
            forgotten.append(record)
            return [changed(message, record, step=1)]  # which is late, and no answer
        return [message]

    worker = FakeWorker(server, forget, "worker")
    worker.start()
    assert learn(remote) == learn(alone())
    assert len(forgotten) == 3
    assert (
        max(remote._workforce.stragglers._times[worker.called]) < 0.1
    )  # seconds; each rescue took three times as long
