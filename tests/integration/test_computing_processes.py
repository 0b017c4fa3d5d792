"""Celery's pool of computing processes, with our guard: whatever goes wrong with one of them, another comes."""

import os
import signal
from collections.abc import Iterator

import pytest
from celery.concurrency.asynpool import AsynPool
from kombu.asynchronous import Hub, get_event_loop, set_event_loop

from tests.support.waiting import wait_until
from worker import celery  # noqa: F401  # which puts the guard in place


@pytest.fixture
def pool() -> Iterator[AsynPool]:
    before, hub = get_event_loop(), Hub()
    set_event_loop(hub)
    made = AsynPool(1, threads=False)
    made.register_with_event_loop(hub)
    yield made
    made.terminate()
    made.join()
    hub.close()
    set_event_loop(before)


def kill(pool: AsynPool) -> int:
    """Kill the one process, and return its id."""
    (process,) = pool._pool
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: not process._is_alive(), "the end of the process")
    return process.pid


def test_a_process_follows_one_whose_end_was_not_dealt_with(pool, monkeypatch):
    killed = {kill(pool)}

    def fails(process: object) -> None:
        raise ConnectionError("the broker is away")

    with monkeypatch.context() as patch:
        patch.setattr(pool, "_process_cleanup_queues", fails)
        with pytest.raises(ConnectionError):
            pool.maintain_pool()
    pool.flush()  # as Celery does when the connection is lost: there StopIteration ended the worker
    killed.add(kill(pool))
    pool.maintain_pool()
    (process,) = pool._pool
    assert process._is_alive()
    assert process.pid not in killed
    assert [*pool._queues.values()] == [process]
