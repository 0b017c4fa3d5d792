"""All that we use of Celery, kombu, py-amqp and billiard and that is private there, or replaces a part of them.

`apply` is called once, before a worker starts. tests/unit/worker/test_celery_patches.py looks whether all of it still
exists, because a new release of theirs may change it without a word.
"""

import logging
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from queue import Empty
from typing import Any

import billiard.pool
import billiard.util
import celery.worker.consumer.consumer
import kombu.compression
import kombu.transport.redis
from amqp.serialization import GenericContent
from celery import Celery
from celery.concurrency.asynpool import AsynPool
from celery.worker.consumer import Consumer as CelerysConsumer
from celery.worker.control import Panel
from celery.worker.request import Request
from kombu.transport.redis import Channel as KombusChannel
from kombu.transport.redis import QoS as KombusQoS
from kombu.transport.virtual import QoS as VirtualQoS

from shared.messaging.keys import BINDING_KEYS, LEASE_LIFETIME
from worker.envelopes import LONGEST_MESSAGE, flaw, flaw_of_body, flaw_of_headers

_KEEP = LEASE_LIFETIME / 10  # seconds
_PAUSES = {"interval_start": 0.1, "interval_step": 0.1, "interval_max": 1.0}  # seconds
_SHORTEST, _LONGEST = 0.1, 5.0  # seconds of a pause after nonsense: each is twice the last
_CALM = 60.0  # seconds after the last nonsense, after which the pauses begin anew

# Celery's commands that a worker obeys: what Flower and `celery inspect` show, and a stop. Others would have it take
# other tasks, start processes or dump its memory for whoever can write to the broker.
_COMMANDS = {
    *("active", "active_queues", "clock", "conf", "hello", "ping", "query_task", "registered", "report", "reserved"),
    *("revoked", "scheduled", "stats", "enable_events", "disable_events", "heartbeat", "shutdown"),
}

# What comes of messages that are none: no JSON, no fields, or fields of other things.
_NO_MESSAGE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
# Functions of theirs that make a connection of what an address says: what they raise is about that.
_MAKING = ("__init__", "make_connection", "_connparams", "_prepare_virtual_host", "from_url", "parse_url")
_DROPPED = "dropped from the queue, as no message of Celery's: %s"

log = logging.getLogger(__name__)


def apply(app: Celery) -> None:
    """Have this process's workers use what is below."""
    app.conf.worker_consumer = f"{__name__}:{Consumer.__name__}"
    kombu.transport.redis.Transport.Channel = Channel

    # A computing process that ends waits for Celery's main process to read its last result, which in a shutdown that
    # may have stopped doing: for 30 s, longer than a container is given to stop. A lease's result is worth one.
    billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10

    AsynPool.get_process_queues = _get_process_queues  # type: ignore[method-assign, assignment]

    # Only to make a file in it and delete that at once, billiard makes a folder, which would stay after kill -9.
    billiard.util.get_temp_dir = tempfile.gettempdir


def guard() -> None:
    """Have this worker take nothing but tasks and commands, and obey no more of these than it must.

    Not in `apply`: Flower and `celery inspect` have the same app, and get answers and events.
    """
    kombu.transport.redis.Transport._deliver = _deliver  # type: ignore[method-assign, assignment]
    vars(kombu.transport.redis)["loads"] = _loads
    kombu.transport.redis.QoS.restore_by_tag = _restore_by_tag  # type: ignore[assignment]
    GenericContent.inbound_body = _inbound_body  # type: ignore[method-assign, assignment]
    Request.info = _info  # type: ignore[method-assign, assignment]
    vars(kombu.compression)["_decoders"].clear()  # nobody packs anything, and a little is unpacked to very much
    for command in {*Panel.data} - _COMMANDS:
        del Panel.data[command]


_celerys_get_process_queues = AsynPool.get_process_queues


def _get_process_queues(pool: Any) -> Any:
    """Return the pipes for a new computing process.

    Celery frees those of a process that has ended at the end of all that it does about that. If something goes wrong
    before, as it may while the broker is away, they are never freed: the next process finds none, and StopIteration
    ends the worker.
    """
    try:
        return _celerys_get_process_queues(pool)
    except StopIteration:
        for pipes, owner in [*pool._queues.items()]:
            if owner not in pool._pool:
                # Not used again: nobody knows how much of what is in them was read.
                pool.destroy_queues(pipes, owner)
                pool._queues[pool.create_process_queues()] = None
        return _celerys_get_process_queues(pool)


class QoS(KombusQoS):
    """What kombu knows of the messages that it has given to Celery, of which it gives no more than that takes.

    A message that Redis cannot be told to be done with counts as done all the same, else no other would ever be taken
    if only that connection was lost. Redis gives it out again, and the coordinator does.
    """

    channel: Any

    def ack(self, delivery_tag: str) -> None:
        with self._done_with(delivery_tag):
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        with self._done_with(delivery_tag):
            super().reject(delivery_tag, requeue)

    @contextmanager
    def _done_with(self, delivery_tag: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            VirtualQoS.ack(self, delivery_tag)
            if isinstance(error, self.channel.connection_errors):
                raise
            # Celery expects nothing else. redis-py makes anything of answers that no Redis gives.
            self.channel.pool.disconnect()
            raise _nonsense(error) from error


class Channel(KombusChannel):
    """kombu's channel to Redis, but one that drops what is no message, over which its own ends the worker.

    And one whose tables of queues expire when nobody takes anything from these any more.
    """

    QoS = QoS
    qos: Any
    _active_queues: list[str]
    conn_or_acquire: Callable[..., Any]
    _kept = float("-inf")  # when the tables were last told to live on, by the clock

    def maybe_refresh_binding_expiry(self) -> None:
        """Have the tables live on, now and then; kombu calls this each second.  Its own are for other queues."""
        super().maybe_refresh_binding_expiry()  # type: ignore[misc]  # which the stubs lack
        now = time.monotonic()
        if self._active_queues and now - self._kept > _KEEP:
            self._kept = now
            with self.conn_or_acquire() as client, client.pipeline() as pipeline:
                for key in BINDING_KEYS:
                    pipeline.execute_command("EXPIRE", key, LEASE_LIFETIME)
                pipeline.execute()

    def _brpop_read(self, **options: Any) -> Any:
        """Take a message from the queue."""
        before = {*self.qos._delivered}
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # which the stubs lack
        except _NO_MESSAGE as error:
            log.warning(_DROPPED, _text(error))
            for tag in {*self.qos._delivered} - before:
                self.basic_ack(tag)  # else this worker would count as busy
            return True

    def _receive(self) -> Any:
        """Take what was published for all workers."""
        try:
            return super()._receive()  # type: ignore[misc]  # which the stubs lack
        except Empty:
            return False
        except _NO_MESSAGE as error:
            log.warning(_DROPPED, _text(error))
            return True


_kombus_deliver = kombu.transport.redis.Transport._deliver


def _deliver(transport: Any, message: Any, queue: str) -> None:
    """Give a message to whoever consumes from that queue, if it is one."""
    if what := flaw(message):
        log.warning(_DROPPED, what)
    else:
        _kombus_deliver(transport, message, queue)


_kombus_loads: Callable[[str | bytes], Any] = vars(kombu.transport.redis)["loads"]


def _loads(text: str | bytes) -> Any:
    """Read a message, but none that is longer than any of ours: reading takes many times its memory."""
    if len(text) > LONGEST_MESSAGE:
        raise ValueError(f"a message of {len(text)} characters, more than {LONGEST_MESSAGE}")
    return _kombus_loads(text)


_amqps_inbound_body = GenericContent.inbound_body


def _inbound_body(content: Any, piece: bytes) -> None:
    """Receive the next piece of a message from RabbitMQ, but keep none of one that is longer than any of ours."""
    if content.body_size <= LONGEST_MESSAGE:
        _amqps_inbound_body(content, piece)
        return
    content.body_received += len(piece)
    content.body = b""
    content.ready = content.body_received >= content.body_size


_kombus_restore_by_tag = kombu.transport.redis.QoS.restore_by_tag


def _restore_by_tag(qos: Any, tag: Any, client: Any = None, leftmost: bool = False) -> None:
    """Put a message back that a worker took and did not acknowledge, unless what is noted of it is none."""
    try:
        _kombus_restore_by_tag(qos, tag, client, leftmost)
    except _NO_MESSAGE as error:
        log.warning(_DROPPED, _text(error))
        qos._remove_from_indices(tag).execute()


_celerys_info = Request.info


def _info(request: Any, safe: bool = True) -> Any:
    """Describe a task for remote control and Flower as its sender has described it: a lease has a secret in it."""
    return _celerys_info(request, safe=True)


class Consumer(CelerysConsumer):
    """Celery's consumer, but one that no message and no answer ends, and quick to find a broker that is back.

    Celery's own waits up to 30 s between two attempts.
    """

    class Blueprint(CelerysConsumer.Blueprint):  # type: ignore[misc, valid-type]  # a variable, for the stubs
        """What is done with a connection, from its beginning to its loss."""

        _pause, _latest = _SHORTEST, 0.0

        def start(self, parent: Any) -> None:
            try:
                super().start(parent)
            except parent.connection_errors + parent.channel_errors:
                raise
            except Exception as error:
                if not _is_of_an_answer(error):
                    raise
                log.debug("no answer of a Redis", exc_info=error)
                # A server that gives no other answers is not to be asked, nor told of, again and again.
                is_new = time.monotonic() - self._latest > _CALM
                self._pause = _SHORTEST if is_new else min(2 * self._pause, _LONGEST)
                time.sleep(self._pause)
                self._latest = time.monotonic()
                raise _nonsense(error) from error  # so that a new connection takes the place of this one

    connection_errors: tuple[type[Exception], ...]

    def create_task_handler(self, *arguments: Any, **options: Any) -> Callable[[Any], Any]:
        handle = super().create_task_handler(*arguments, **options)

        def handle_all(message: Any) -> Any:
            try:
                # Other brokers than Redis have not looked.
                if what := flaw_of_headers(message.headers) or flaw_of_body(message.body):
                    raise ValueError(what)
                return handle(message)
            except self.connection_errors:
                raise
            except Exception as error:
                return self.on_decode_error(message, error)  # which says so, and takes it from the queue

        return handle_all

    def ensure_connected(self, conn: Any) -> Any:
        conn.ensure_connection = partial(conn.ensure_connection, **_PAUSES)
        with _told_once(logging.getLogger(celery.worker.consumer.consumer.__name__)):
            return super().ensure_connected(conn)


@contextmanager
def _told_once(logger: logging.Logger) -> Iterator[None]:
    """Have only the first error told in this time: Celery tells of each attempt to connect, for ever if need be."""
    told: list[logging.LogRecord] = []

    def is_first(record: logging.LogRecord) -> bool:
        if record.levelno < logging.ERROR:
            return True
        told.append(record)
        return len(told) == 1

    logger.addFilter(is_first)
    try:
        yield
    finally:
        logger.removeFilter(is_first)


def _is_of_an_answer(error: Exception) -> bool:
    """Tell whether an error comes from redis-py or kombu, which take every answer for one that a Redis gives."""
    names = [
        (frame.f_globals.get("__name__", ""), frame.f_code.co_name)
        for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    theirs = [function for module, function in names if module.startswith(("redis.", "kombu.transport.redis"))]
    return bool(theirs) and theirs[-1] not in _MAKING


def _nonsense(error: Exception) -> ConnectionError:
    return ConnectionError(f"Redis refuses, or answers what no Redis does: {_text(error)}")


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"
