"""What is private in Celery, kombu and billiard, and used all the same, still exists and still does what we change."""

import inspect
from types import SimpleNamespace
from typing import Any

import billiard.connection
import billiard.heap
import billiard.pool
import billiard.util
import celery.app.defaults
import celery.concurrency.asynpool
import celery.worker.loops
import kombu.compression
import kombu.connection
import kombu.transport.redis
import kombu.transport.virtual.base
import pytest
from celery.concurrency.asynpool import AsynPool
from celery.worker.consumer import Consumer
from celery.worker.control import Panel
from kombu.transport.virtual import QoS

from worker.celery_patches import _PAUSES

WHAT_TO_DO = (
    "look what has become of it in the release that is installed, adapt worker/celery_patches.py, then this test"
)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (kombu.transport.redis.Channel, "_brpop_read"),
        (kombu.transport.redis.Channel, "basic_ack"),
        (kombu.transport.redis.Channel, "QoS"),
        *((kombu.transport.redis.QoS, name) for name in ("ack", "reject")),
        (kombu.transport.redis.Channel, "_receive"),
        (kombu.transport.redis.Transport, "Channel"),
        (kombu.transport.redis.Transport, "_deliver"),
        (kombu.compression, "_decoders"),
        (Panel, "data"),
        (Consumer, "create_task_handler"),
        (Consumer, "on_decode_error"),
        (Consumer, "ensure_connected"),
        (kombu.connection.Connection, "ensure_connection"),
        (billiard.pool, "GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT"),
        (billiard.util, "get_temp_dir"),
        *((AsynPool, name) for name in ("get_process_queues", "create_process_queues", "destroy_queues")),
    ],
)
def test_it_still_exists(owner: Any, name: str) -> None:
    assert hasattr(owner, name), f"{owner.__name__}.{name} is gone: {WHAT_TO_DO}"


def test_a_channel_still_keeps_the_tags_of_what_it_has_delivered():
    assert "_delivered" in vars(QoS(channel=SimpleNamespace(do_restore=False))), f"QoS._delivered is gone: {WHAT_TO_DO}"


@pytest.mark.parametrize(
    ("module", "words", "does"),
    [
        (kombu.transport.redis, "'BRPOP': self._brpop_read", "kombu reads messages by Channel._brpop_read"),
        (kombu.transport.virtual.base, "self.QoS(self)", "kombu counts by Channel.QoS what it has given away"),
        (kombu.transport.virtual.base, "len(self._dirty)", "what is acknowledged no longer counts"),
        (kombu.transport.redis, "'LISTEN': self._receive", "kombu reads what is for all by Channel._receive"),
        (kombu.transport.redis, "self.connection._deliver(", "kombu gives messages on by Transport._deliver"),
        (celery.worker.loops, "obj.create_task_handler(", "Celery takes tasks by Consumer.create_task_handler"),
        (billiard.pool, "range(GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT)", "billiard waits that often at its end"),
        (billiard.pool, "= self.get_process_queues()", "billiard finds pipes by Pool.get_process_queues"),
        (
            celery.concurrency.asynpool,
            "self._queues[queues] = proc",
            "Celery keeps in Pool._queues whose pipes they are",
        ),
        (billiard.connection, "util.get_temp_dir()", "billiard asks its util for a folder"),
        (billiard.heap, "util.get_temp_dir()", "billiard asks its util for a folder"),
        (inspect.getmodule(Consumer), "self.ensure_connected(", "Celery connects by Consumer.ensure_connected"),
        (inspect.getmodule(Consumer), "conn.ensure_connection(", "and that by Connection.ensure_connection"),
    ],
)
def test_it_is_still_used_where_we_change_it(module: Any, words: str, does: str) -> None:
    assert words in inspect.getsource(module), f"it is no longer so that {does}: {WHAT_TO_DO}"


def test_the_pauses_between_attempts_to_connect_still_have_these_names():
    names = inspect.signature(kombu.connection.Connection._ensure_connection).parameters
    assert {*_PAUSES} <= {*names}, f"ensure_connection no longer takes {', '.join(_PAUSES)}: {WHAT_TO_DO}"


def test_celery_can_still_be_told_which_consumer_to_use():
    assert "consumer" in celery.app.defaults.NAMESPACES["worker"], f"worker_consumer is gone: {WHAT_TO_DO}"
