"""A Redis that is away while leases are due: nobody is blamed but it, and nothing is lost."""

import logging
import threading
from contextlib import closing

import pytest
from kombu import Connection

from coordinator.cluster.preflight import check_broker, check_redis
from shared.messaging.celery_settings import celery_settings
from tests.support.damage import Damage
from tests.support.fake_worker import FakeWorker
from tests.support.learning import alone, learn
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until


def test_while_redis_is_away_no_lease_is_sent_and_that_is_said_once(server, remote_gradients, caplog):
    """The server is killed within a window, of whose leases nobody has taken three; they are due until it is back."""
    caplog.set_level(logging.INFO, "coordinator.gradients")
    remote = remote_gradients(batches_per_task=4)
    begin_again = remote._recovery.begin_again
    due: list[bool] = []

    def counted(error: Exception) -> None:
        begin_again(error)
        due.append(remote._workforce.leases.next_due() is not None)

    remote._recovery.begin_again = counted
    before = FakeWorker(server)
    before.start()

    def restart() -> None:
        wait_until(lambda: len(due) >= 5, "five attempts to begin again")
        before.join()  # it has ended with the connection
        server.start()
        FakeWorker(server).start()

    threading.Thread(target=restart, daemon=True).start()

    class KilledOnTheWay:
        def gradient(self, parameters, step):
            if step.index == 5:
                server.kill()
            return remote.gradient(parameters, step)

    assert learn(KilledOnTheWay()) == learn(alone())
    assert len(due) >= 5
    assert all(due)
    lines = [record.getMessage() for record in caplog.records]
    assert not [line for line in lines if "Celery's broker is away" in line]
    assert len([line for line in lines if "Redis is away" in line]) == 1, lines
    assert lines[-1] == "all is there again; going on"


def test_a_broker_that_is_just_being_started_is_waited_for(server):
    server.kill()
    starts = threading.Timer(0.5, server.start)
    starts.start()
    check_broker(server.tcp_url)
    starts.join()


@pytest.mark.parametrize("check", [check_redis, check_broker])
def test_a_redis_whose_first_answer_gets_lost_is_asked_again(server, monkeypatch, check):
    monkeypatch.setattr("coordinator.cluster.preflight._START", 0.0)
    monkeypatch.setattr("coordinator.cluster.preflight._SILENCE", 0.5)
    with closing(Proxy(server.socket)) as proxy:
        proxy.damage(Damage(change=lambda data: b"", also_logins=True))
        check(f"redis://:{server.password}@127.0.0.1:{proxy.port}/0")
        assert proxy.damages == 1


def test_celery_does_not_wait_for_ever_for_an_answer_that_has_lost_its_end(server, monkeypatch):
    monkeypatch.setattr("shared.messaging.celery_settings._SILENCE", 0.5)
    with closing(Proxy(server.socket)) as proxy:
        address = f"redis://:{server.password}@127.0.0.1:{proxy.port}/0"
        options = celery_settings(address)["broker_transport_options"]
        with Connection(address, transport_options=options) as connection, connection.SimpleQueue("some") as queue:
            queue.put("whole")
            proxy.damage(Damage(change=lambda data: data[:-1], also_logins=True))
            with pytest.raises(connection.connection_errors):
                queue.put("of whose answer something is missing")
            assert proxy.damages == 1
