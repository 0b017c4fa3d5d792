"""Who is slow, as the replies tell."""

import time

from coordinator.workers.stragglers import Bench
from shared.messaging.records import Record
from tests.support.fake_worker import FakeWorker, changed
from tests.support.learning import alone, learn


def reply(bench: Bench, **seconds: list[float]) -> None:
    """Have each worker reply with these latencies, a tenth of a second apart, from now on."""
    for worker, latencies in seconds.items():
        for number, latency in enumerate(latencies):
            bench.good(worker, latency, time.monotonic() + number / 10)


def test_a_pause_ends_when_nobody_else_is_there(server, remote):
    reply(remote._bench, fast=[0.001] * 15, slow=[1.0] * 15)
    remote._bench.look(["fast", "slow"])
    assert "slow" in remote._bench
    FakeWorker(server, name="slow").start()
    assert learn(remote.gradient) == learn(alone())
    assert "slow" not in remote._bench


def test_who_rescues_a_lost_request_is_not_taken_for_slow(server, remote):
    remote._timer.add(0.001)
    forgotten: list[Record] = []

    def forget(message: bytes, record: Record) -> list[bytes]:
        if record.step in (2, 5, 8) and record.step not in [other.step for other in forgotten]:
            forgotten.append(record)
            return [changed(message, record, step=1)]  # which is late, and no answer
        return [message]

    FakeWorker(server, forget, "worker").start()
    assert learn(remote.gradient) == learn(alone())
    assert len(forgotten) == 3
    assert max(remote._bench._times["worker"]) < 0.1  # seconds; each rescue took three times as long
