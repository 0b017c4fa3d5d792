"""What is private in Celery and what it is made of, and used all the same, still exists and does what we change."""

import inspect
from types import SimpleNamespace
from typing import Any

import amqp.method_framing
import amqp.serialization
import billiard.connection
import billiard.heap
import billiard.pool
import billiard.util
import celery.app.defaults
import celery.concurrency.asynpool
import celery.worker.control
import celery.worker.loops
import celery.worker.request
import kombu.compression
import kombu.connection
import kombu.transport.redis
import kombu.transport.virtual.base
import pytest
import redis.client
from amqp.serialization import GenericContent
from celery.concurrency.asynpool import AsynPool
from celery.worker.consumer import Consumer as CelerysConsumer
from celery.worker.control import Panel
from celery.worker.request import Request
from kombu.transport.virtual import QoS

from worker.celery_patches import _PAUSES, Consumer, _inbound_body, _info, _is_of_an_answer, _loads

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
        (kombu.transport.redis.Channel, "maybe_refresh_binding_expiry"),
        (kombu.transport.redis.Channel, "conn_or_acquire"),
        (kombu.transport.redis.Transport, "Channel"),
        (kombu.transport.redis.Transport, "_deliver"),
        (kombu.transport.redis, "loads"),
        (kombu.transport.redis.QoS, "restore_by_tag"),
        (kombu.transport.redis.QoS, "_remove_from_indices"),
        (kombu.compression, "_decoders"),
        (GenericContent, "inbound_body"),
        (Request, "info"),
        (Panel, "data"),
        *((CelerysConsumer, name) for name in ("Blueprint", "create_task_handler")),
        (CelerysConsumer, "on_decode_error"),
        (CelerysConsumer, "ensure_connected"),
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
        (kombu.transport.redis, "_deliver(loads(bytes_to_str(item))", "kombu reads what it has taken by loads"),
        (kombu.transport.redis, "message = loads(bytes_to_str(payload", "kombu reads what is for all by loads"),
        (kombu.transport.redis, "self.restore_by_tag(tag, client)", "kombu puts back by QoS.restore_by_tag"),
        (amqp.method_framing, "msg.inbound_body(buf)", "py-amqp receives bodies by GenericContent.inbound_body"),
        (amqp.serialization, "self.body_received >= self.body_size", "it counts so what it has of one"),
        (celery.worker.control, "req.info()", "Celery describes what a worker does by Request.info"),
        (celery.worker.request, "if not safe else self._argsrepr", "Request.info leaves arguments out if told to"),
        (kombu.transport.redis, "channel.maybe_refresh_binding_expiry()", "kombu has each channel keep its tables"),
        (kombu.transport.redis, "for q in self._active_queues", "a channel knows the queues that it takes from"),
        (kombu.transport.redis, "keyprefix_queue = '_kombu.binding.%s'", "its tables have this name"),
        (kombu.transport.redis, "keyprefix_binding_permanent = '_kombu.binding_permanent.%s'", "and this"),
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
        (inspect.getmodule(CelerysConsumer), "self.ensure_connected(", "Celery connects by Consumer.ensure_connected"),
        (inspect.getmodule(CelerysConsumer), "conn.ensure_connection(", "and that by Connection.ensure_connection"),
    ],
)
def test_it_is_still_used_where_we_change_it(module: Any, words: str, does: str) -> None:
    assert words in inspect.getsource(module), f"it is no longer so that {does}: {WHAT_TO_DO}"


def test_a_lifetime_is_still_set_for_a_key_under_its_whole_name():
    prefixed = kombu.transport.redis.GlobalKeyPrefixMixin.PREFIXED_SIMPLE_COMMANDS
    assert "EXPIRE" not in prefixed, f"kombu puts its prefix before the keys of EXPIRE: {WHAT_TO_DO}"


def test_the_pauses_between_attempts_to_connect_still_have_these_names():
    names = inspect.signature(kombu.connection.Connection._ensure_connection).parameters
    assert {*_PAUSES} <= {*names}, f"ensure_connection no longer takes {', '.join(_PAUSES)}: {WHAT_TO_DO}"


def test_celery_still_bounds_what_waits_for_its_time():
    assert "eta_task_limit" in celery.app.defaults.NAMESPACES["worker"], f"worker_eta_task_limit is gone: {WHAT_TO_DO}"


def test_a_message_longer_than_any_of_ours_is_not_read():
    with pytest.raises(ValueError, match="more than 33554432"):
        _loads("[" + " " * 2**25 + "]")
    assert _loads("[1]") == [1]


def test_a_lease_is_described_without_its_secret():
    request = SimpleNamespace(**dict.fromkeys(("id", "name", "_type", "_hostname", "time_start"), "x"))
    vars(request).update(_args=["secret"], _kwargs={"secret": 1}, _argsrepr="(run, lease 1/2)", _kwargsrepr="{}")
    vars(request).update(acknowledged=False, delivery_info={}, worker_pid=1)
    assert "secret" not in repr(_info(request))
    assert _info(request)["args"] == "(run, lease 1/2)"


def test_celery_can_still_be_told_which_consumer_to_use():
    assert "consumer" in celery.app.defaults.NAMESPACES["worker"], f"worker_consumer is gone: {WHAT_TO_DO}"


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/database", "redis://127.0.0.1:1/0?option=1"])
def test_a_mistake_in_the_settings_is_no_answer_of_a_redis(address):
    with pytest.raises((ValueError, TypeError)) as caught, kombu.Connection(address) as connection:
        connection.channel()
    assert not _is_of_an_answer(caught.value)


def test_what_redis_py_makes_of_nonsense_is_of_an_answer():
    with pytest.raises(TypeError) as caught:
        redis.client.Pipeline.raise_first_error(None, [], 1)
    assert _is_of_an_answer(caught.value)


def test_the_pauses_after_nonsense_grow_until_it_was_calm_for_a_while(monkeypatch):
    now, pauses = [100.0], []
    monkeypatch.setattr("worker.celery_patches.time", SimpleNamespace(monotonic=lambda: now[0], sleep=pauses.append))
    monkeypatch.setattr("worker.celery_patches._is_of_an_answer", lambda error: True)
    monkeypatch.setattr(CelerysConsumer.Blueprint, "start", raising)
    blueprint = Consumer.Blueprint()
    consumer = SimpleNamespace(connection_errors=(), channel_errors=())
    for _ in range(8):
        with pytest.raises(ConnectionError, match="answers what no Redis does"):
            blueprint.start(consumer)
    now[0] += 61
    with pytest.raises(ConnectionError):
        blueprint.start(consumer)
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 0.1]


def raising(blueprint: object, parent: object) -> None:
    raise TypeError("object of type 'int' has no len()")


def test_a_message_whose_headers_are_wrong_is_dropped_whatever_broker_it_comes_from(monkeypatch):
    """Only Redis' are looked at where they come in."""
    handled, dropped = [], []
    monkeypatch.setattr(CelerysConsumer, "create_task_handler", lambda consumer: handled.append)
    consumer = Consumer.__new__(Consumer)
    consumer.connection_errors = ()
    consumer.on_decode_error = lambda message, error: dropped.append(str(error))  # which takes it from the queue
    handle = consumer.create_task_handler()
    right = SimpleNamespace(headers={"task": "gradmq.lease", "id": "1", "timelimit": [None, None]}, body=b"[]")
    for message in (
        right,
        SimpleNamespace(headers={**right.headers, "timelimit": "ab"}, body=b"[]"),
        SimpleNamespace(headers=None, body=b"[]"),
        SimpleNamespace(headers=right.headers, body=b""),  # what `_inbound_body` makes of one that is too long
        SimpleNamespace(headers=right.headers, body=bytes(2**25 + 1)),
    ):
        handle(message)
    assert handled == [right]
    assert dropped == [
        "its field timelimit is str 'ab'",
        "it has no headers",
        "it has no body, or one of more than 33554432 bytes",
        "its body has 33554433 bytes, more than 33554432",
    ]


@pytest.mark.parametrize(("size", "kept"), [(10, 10), (2**25, 2**25), (2**25 + 1, 0), (2**40, 0)])
def test_a_body_from_rabbitmq_that_is_longer_than_any_of_ours_is_not_kept(size, kept):
    content, piece, received = GenericContent(), bytes(2**20), 0
    content.body_size = size
    while not content.ready and received < 2**27:
        _inbound_body(content, piece[: size - received])
        received += len(piece[: size - received])
        assert len(content._pending_chunks) <= (size <= 2**25) * 32
    assert content.ready == (size < 2**40)
    assert len(content.body) == kept
