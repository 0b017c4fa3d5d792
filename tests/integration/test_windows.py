"""Windows, leases and keys, when connections break and keys go wrong."""

import threading
import time

import pytest
from kombu.exceptions import OperationalError

from coordinator.gradients.retransmission import RetransmissionTimer
from shared.errors import ConnectionLostError
from shared.messaging.records import Record
from tests.support.fake_worker import FakeWorker
from tests.support.learning import CONFIG, alone, learn, step_of
from tests.support.waiting import wait_until


@pytest.mark.parametrize("victim", ["set", "rpush"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_failure_while_a_window_is_opened_loses_nothing(server, remote_gradients, victim, times):
    """The connection breaks at the worst moment, `times` times over."""
    made = remote_gradients(batches_per_task=4)
    broken: list[str] = []

    def fail(*arguments, **options):
        if len(broken) < times:
            broken.append(victim)
            raise ConnectionLostError("cut by the test")
        return whole(*arguments, **options)

    FakeWorker(server).start()
    made.gradient(CONFIG.initial_parameters(), step_of(0))
    whole = getattr(made._client, victim)
    setattr(made._client, victim, fail)
    assert learn(made) == learn(alone())
    assert len(broken) == times


def test_a_broker_that_fails_while_leases_are_granted_loses_no_lease(server, remote_gradients):
    made = remote_gradients(batches_per_task=4)
    failures: list[int] = []
    app = made._workforce._dispatcher._sender.app
    send = app.send_task

    def fail(*arguments, **options):
        failures.append(1)
        if len(failures) % 3:
            raise OperationalError("cut by the test")
        return send(*arguments, **options)

    app.send_task = fail
    FakeWorker(server).start()
    assert learn(made) == learn(alone())
    assert len(failures) >= 3 * 3 * 4  # three windows of four leases, each of them refused twice


def test_a_run_leaves_no_key_that_does_not_expire(server, remote):
    worker = FakeWorker(server)
    worker.start()
    learn(remote)
    worker.leave()  # so that nothing is written any more
    with server.client() as client:
        ours = [key for key in client.keys("gradmq:test:*") if client.ttl(key) < 0]
        assert ours == []
        remote.close()
        left = client.keys("gradmq:test:*:weights") + client.keys("gradmq:test:*:replies")
        assert left == []


def test_a_step_that_is_published_again_in_a_new_window_tells_nothing_of_times(server, remote):
    """Replies may be to either request; who is excluded meanwhile has the others begin a new window."""
    measured, current, disturbed = list[int](), [0], list[int]()
    remote._timer.add = lambda seconds: measured.append(current[0])

    def exclude(message: bytes, record: Record) -> list[bytes]:
        if current[0] == 5 and not disturbed:
            disturbed.append(5)
            window = remote._window.number
            remote._workforce.exclusions.exclude("somebody", "the test says so")
            wait_until(lambda: remote._window.number > window, "a new window")
        return [message]

    FakeWorker(server, exclude).start()
    for current[0] in range(10):
        remote.gradient(CONFIG.initial_parameters(), step_of(current[0]))
    assert disturbed == [5]
    assert measured and 5 not in measured


def test_waiting_for_workers_is_no_part_of_a_steps_time(server, remote):
    remote._await_workers = lambda *what: time.sleep(0.1)
    FakeWorker(server).start()
    assert learn(remote) == learn(alone())
    assert remote._timer.mean < 0.1


def test_a_weights_key_of_the_wrong_type_is_replaced(server, remote):
    """Somebody puts a list where the weights are, while a step waits for them to be taken."""
    spoilt: list[bytes] = []

    def spoil() -> None:
        with server.client() as client:
            # Once its requests are there, the step waits.
            wait_until(lambda: client.keys("gradmq:test:*:requests:0"), "requests")
            (key,) = client.keys("gradmq:test:*:weights")
            with client.pipeline(transaction=True) as pipeline:
                pipeline.delete(key).rpush(key, "x").type(key).execute()
            spoilt.append(key)
            wait_until(lambda: client.type(key) != b"list", "other weights")
        FakeWorker(server).start()

    threading.Thread(target=spoil, daemon=True).start()
    assert learn(remote) == learn(alone())
    assert spoilt


def test_waiting_for_ones_turn_is_no_lateness(server, remote, caplog, monkeypatch):
    """Other runs have all workers for a while; whoever is there is late at once, but nobody is there."""
    monkeypatch.setattr(RetransmissionTimer, "timeout", 0.0)
    requested_again: list[bool] = []

    def come() -> None:
        wait_until(lambda: "no worker is there" in caplog.text, "a word of being alone")
        requested_again.append("requesting again" in caplog.text)
        monkeypatch.undo()
        FakeWorker(server).start()

    threading.Thread(target=come, daemon=True).start()
    assert learn(remote) == learn(alone())
    assert requested_again == [False]
