"""What Celery has noted of messages that workers hold is in Redis, where others may write."""

import json

import pytest
from celery import Celery

from shared.messaging.celery_settings import celery_settings
from tests.support.messages import task_message
from worker.celery_patches import _restore_by_tag

_NOTES = {
    **{
        "garbage": b"garbage",
        "deep": b"[" * 100_000,
        "no list": b"5",
        "too short": b"[1]",
        "null": b"[null, null, null]",
    },
    **{"no message": json.dumps([5, "", "leases"]).encode(), "a strange queue": json.dumps([{}, {}, {}]).encode()},
}


@pytest.mark.parametrize("name", _NOTES)
def test_a_note_that_is_none_is_dropped(server, name):
    """kombu would raise its error again and again, and a worker would end by it."""
    with Celery(broker=server.tcp_url, set_as_current=False) as app, server.client() as client:
        app.conf.update(celery_settings(server.tcp_url))
        client.hset("gradmq:unacked", "tag", _NOTES[name])
        client.zadd("gradmq:unacked_index", {"tag": 1})
        with app.connection_for_read() as connection, connection.channel() as channel:
            _restore_by_tag(channel.qos, "tag")
        assert not client.exists("gradmq:unacked", "gradmq:unacked_index")


def test_a_message_is_put_back(server):
    with Celery(broker=server.tcp_url, set_as_current=False) as app, server.client() as client:
        app.conf.update(celery_settings(server.tcp_url))
        client.hset("gradmq:unacked", "tag", json.dumps([task_message(), "", "leases"]))
        client.zadd("gradmq:unacked_index", {"tag": 1})
        with app.connection_for_read() as connection, connection.channel() as channel:
            _restore_by_tag(channel.qos, "tag")
        assert json.loads(client.lpop("gradmq:leases"))["headers"]["id"] == "1"
