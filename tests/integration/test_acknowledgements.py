"""A message that Redis cannot be told to be done with is not the last one that a worker takes."""

import logging
from contextlib import closing
from typing import Any

import pytest
from kombu import Connection, Consumer

from tests.support import damage
from tests.support.damage import Damage
from tests.support.proxy import Proxy
from worker import celery  # noqa: F401  # which puts our channel in the place of kombu's

LOST = damage.cut(0)
NONSENSE = Damage(change=lambda answer: b":1\r\n" + answer, also_logins=True)  # each is taken for the next one's


@pytest.mark.parametrize("what", [LOST, NONSENSE])
@pytest.mark.parametrize("verb", ["ack_log_error", "reject_log_error"])
def test_another_message_is_taken_after_one_whose_acknowledgement_was_lost(server, verb, what):
    taken: list[Any] = []
    with (
        closing(Proxy(server.socket)) as proxy,
        Connection(f"redis://:{server.password}@127.0.0.1:{proxy.port}/0") as connection,
    ):
        with connection.SimpleQueue("some") as queue:
            queue.put("one")
            queue.put("two")
        with Consumer(connection.channel(), [queue.queue], on_message=taken.append, prefetch_count=1):
            connection.drain_events(timeout=5)
            proxy.damage(what)
            getattr(taken[0], verb)(logging.getLogger(__name__), connection.connection_errors)
            assert proxy.damages == 1
            connection.drain_events(timeout=5)
    assert [message.payload for message in taken] == ["one", "two"]
