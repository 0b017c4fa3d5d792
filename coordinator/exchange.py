"""The distributed gradient: publish weights, ask for shards, collect the replies, ask again for what is late."""

import logging
import secrets
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import numpy as np
import redis
from kombu.exceptions import OperationalError
from numpy.typing import NDArray

from coordinator.ask import Ask
from coordinator.pace import Pace
from coordinator.roster import Roster
from coordinator.seats import Seats
from shared.config import TrainConfig
from shared.messages import LIFETIME, RECORD_BYTES, Keys, Kind, Record, Seat
from shared.parameters import Parameters
from shared.resp import Stream, client, encode
from shared.samples import LabelledSamples
from shared.sgd import tree_sum
from shared.transfer import upload
from shared.wire import Item

Array = NDArray[Any]

_POLL = 0.25  # seconds that Redis lets us wait for a reply before we look around
_TEND = 1.0  # seconds between two looks at our own processes while all goes well
_SILENCE = 10.0  # seconds without an answer after which a connection counts as dead
_ALIVE = 20  # seconds that the weights outlive our last sign; a worker then gives up its seat 10 s later
_ALONE = 3.0  # seconds without any worker after which we say so
_PAUSE = 0.2  # seconds between two attempts to go on after a failure
_LAST_WORDS = 0.5  # seconds that telling the workers of the end may take


log = logging.getLogger(__name__)


class _KeysLostError(Exception):
    """Redis has forgotten what we published."""


class Exchange:
    """Gradients of mini-batches, computed by whatever workers there are."""

    def __init__(
        self,
        redis_url: str,
        broker_url: str,
        run: str,
        config: TrainConfig,
        samples: LabelledSamples,
        batches_per_task: int | None,
        tend: Callable[[], None],
    ) -> None:
        """tend: is called now and then."""
        self._url = redis_url
        self._run, self._config, self._samples = run, config, samples
        self._tend = tend
        self._incarnation = secrets.randbits(64)
        self._keys = Keys(run, self._incarnation)
        self._seats = Seats(broker_url)
        self._roster = Roster(min(config.shards, config.mini_batch_size))
        self._pace = Pace(batches_per_task)
        self._client = client(redis_url)
        self._stream: Stream | None = None
        self._pop_reply = encode("BLPOP", self._keys.replies, _POLL)
        self._expire_requests: list[Item] = []
        self._awaited = 0  # answers about replies that Redis still owes us
        self._span, self._span_epoch, self._span_batches = -1, -1, range(0)
        size = Parameters.count(config.sizes) * np.dtype(config.dtype).itemsize
        self._reply_bytes = RECORD_BYTES + size
        self._free: list[Array] = []  # memory to receive replies in
        self._undisturbed = True  # in this step so far
        self._alone_since: float | None = None
        self._trouble = ""  # what we have said that we wait for
        self._looked = self._tended = time.monotonic()

    @property
    def workers(self) -> int:
        """How many workers take part now."""
        return len(self._roster)

    def take_workers(self) -> int:
        """Return how many workers have given replies since the last call."""
        return self._roster.take_replied()

    def gradient(self, parameters: Parameters, epoch: int, batch: int, rows: Array) -> tuple[Array, int]:
        """Return the gradient summed over a mini-batch, and the samples' number as the replies count them.

        batch: number of the mini-batch in its epoch.  rows: its samples.  The gradient, flat like
        `parameters.flat`, is valid until the next call.
        """
        started = time.monotonic()
        self._undisturbed = self._seats.taken > 0
        if started - self._tended > _TEND:
            self._tended = started
            self._tend()
            self._roster.look()
        step = epoch * self._batches_per_epoch + batch
        ask: Ask | None = None
        while ask is None or ask.missing:
            try:
                stream = self._connected()
                if epoch != self._span_epoch or batch not in self._span_batches:
                    self._open_span(epoch, batch)
                self._seats.give_out()
                if ask is None:
                    ask = Ask(self._incarnation, step, len(rows), self._config.shards, self._seats.expected)
                self._publish(stream, parameters, ask)
                self._collect(stream, ask)
            except _KeysLostError:
                self._recover("Redis has lost the run's keys; publishing them again")
            except OperationalError as error:
                self._recover(f"Celery's broker is away ({error}); waiting for it", queue_is_lost=False)
            except redis.ConnectionError as error:
                self._recover(f"Redis is away ({error}); waiting for it")
            except redis.RedisError as error:
                self._recover(f"Redis refuses ({error}); waiting for it to serve us")
        if self._trouble:
            log.info("all is there again; going on")
            self._trouble = ""
        if self._undisturbed:
            self._pace.add(time.monotonic() - started)
        replies = ask.replies()
        self._free += replies
        vectors = [reply[RECORD_BYTES:].view(parameters.dtype) for reply in replies]
        return tree_sum(vectors.__getitem__, 0, len(vectors)), ask.n_samples

    def close(self) -> None:
        """Tell the workers that the run is over, and leave no key of it."""
        if self._stream is not None:  # else Redis is away, and there is nobody to tell
            self._stream.close()
            with suppress(redis.RedisError), closing(client(self._url, _LAST_WORDS)) as connection:
                self._over(connection)
                connection.delete(self._keys.weights, self._keys.replies)
        self._client.close()
        self._seats.close()

    @property
    def _batches_per_epoch(self) -> int:
        return self._config.steps_per_epoch(len(self._samples))

    def _open_span(self, epoch: int, batch: int) -> None:
        """End the current span and begin the next, with this mini-batch; if that fails, nothing has changed."""
        self._over(self._client)
        span = self._span + 1
        # Before the seats, because a seat that finds no weights takes its run for ended.
        weights = Record(Kind.WEIGHTS, self._incarnation, number=span)
        self._client.set(self._keys.weights, weights.encode(), ex=_ALIVE)
        self._span, self._span_epoch = span, epoch
        self._span_batches = range(batch, min(batch + self._pace.mini_batches, self._batches_per_epoch))
        self._expire_requests = encode("EXPIRE", self._keys.requests(span), LIFETIME)
        seat = Seat(
            run=self._run,
            incarnation=self._incarnation,
            config=self._config,
            data_sha256=self._samples.sha256,
            epoch=epoch,
            first=self._span_batches.start,
            stop=self._span_batches.stop,
            span=span,
            number=0,
            label="",
        )
        self._seats.open(seat, min(self._config.shards, self._config.mini_batch_size))

    def _over(self, connection: redis.Redis) -> None:
        """Tell the seats of this span that it is over."""
        if self._span >= 0:
            requests = self._keys.requests(self._span)
            over = Record(Kind.OVER, self._incarnation, number=self._span)
            connection.rpush(requests, over.encode())
            connection.expire(requests, LIFETIME)

    def _publish(self, stream: Stream, parameters: Parameters, ask: Ask) -> None:
        """Publish the weights and what is asked for, and begin to wait for the replies: one round trip."""
        weights = Record(Kind.WEIGHTS, self._incarnation, ask.step, number=self._span).encode()
        requests = self._keys.requests(self._span)
        stream.send(
            [
                *encode("SET", self._keys.weights, (weights, parameters.flat.data.cast("B")), "EX", _ALIVE),
                *encode("RPUSH", requests, *(request.encode() for request in ask.unanswered())),
                *self._expire_requests,
                *self._pop(ask.missing),
            ]
        )
        stream.skip(3)

    def _pop(self, count: int) -> list[Item]:
        """Encode the wait for that many replies."""
        self._awaited += count
        return self._pop_reply * count

    def _collect(self, stream: Stream, ask: Ask) -> None:
        """Take replies until each request has one."""
        asked = self._looked = time.monotonic()
        times = 0
        while ask.missing:
            if not self._awaited:
                stream.send(self._pop(ask.missing))
            buffer = self._free.pop() if self._free else np.empty(self._reply_bytes, np.uint8)
            size = self._read_reply(stream, buffer)
            if not (size and self._take(ask, size, buffer)):
                self._free.append(buffer)
            now = time.monotonic()
            # By the clock, not only when nothing has come: other messages may come all the time.
            if ask.missing and now - self._looked > _POLL:
                self._looked = now
                self._look_around()
                if now - asked > self._pace.patience(times):
                    self._ask_again(ask, asked)
                    asked, times = now, times + 1

    def _read_reply(self, stream: Stream, buffer: Array) -> int | None:
        """Read what a worker has pushed into the buffer; return its length in bytes, None if nothing has come."""
        size = None
        if stream.read_array() is not None:
            stream.read()
            size = stream.read_into(buffer.data)
        self._awaited -= 1
        return size

    def _take(self, ask: Ask, size: int, buffer: Array) -> bool:
        """Act on a worker's message; tell whether the buffer is now the ask's."""
        record = Record.decode(buffer[:size].data) if size <= len(buffer) else None
        if record is None or record.incarnation != self._incarnation:
            return False
        if record.kind == Kind.REPLY and size == self._reply_bytes:
            worker = self._seats.replied(record.number)
            if worker:
                self._roster.replied(worker)
            return ask.accept(record, buffer)
        name = bytes(buffer[RECORD_BYTES:size]).decode(errors="replace")
        if record.kind == Kind.JOINED:
            self._seats.joined(record.number, name)
            self._roster.heard(name)
            self._alone_since = None
        elif record.kind == Kind.LEFT:
            self._seats.left(record.number)
        elif record.kind == Kind.LEAVING:
            self._seats.left(record.number)
            self._roster.gone(name, "leaves")
        elif record.kind == Kind.NEEDS_DATA:
            self._seats.heard(record.number)
            if upload(self._client, self._samples):
                log.info("the training samples are in Redis now, for workers without a copy")
        return False

    def _look_around(self) -> None:
        """Replies are slow to come: are our processes alive, is Redis whole, is anybody there?"""
        self._tend()
        self._roster.look()
        # Both are signs of life, and tell whether Redis still has them.
        if not self._client.expire(self._keys.weights, _ALIVE):
            raise _KeysLostError
        self._client.expire(self._keys.requests(self._span), LIFETIME)
        self._seats.replace_lost()
        self._seats.give_out()
        if not self._seats.taken:
            self._undisturbed = False
            self._alone_since = self._alone_since or time.monotonic()
            if time.monotonic() - self._alone_since > _ALONE:
                self._say("no worker is there; waiting for one to come")

    def _ask_again(self, ask: Ask, asked: float) -> None:
        """Ask anyone for what has not come in time, and give the silent workers' seats to others."""
        self._undisturbed = False
        requests = self._keys.requests(self._span)
        queued = self._client.lrange(requests, 0, -1)
        missing = ask.unanswered()
        log.warning("step %d: asking again for %d of its shards' gradients", ask.step, len(missing))
        for request in missing:
            if request.encode() not in queued:
                self._client.rpush(requests, request.encode())
        for worker in self._seats.replace_silent(asked):
            self._roster.gone(worker, "does not answer")
        self._seats.give_out()

    def _connected(self) -> Stream:
        if self._stream is None:
            self._stream, self._awaited = Stream(self._url, _SILENCE), 0
        return self._stream

    def _recover(self, trouble: str, queue_is_lost: bool = True) -> None:
        """Prepare to begin again: what Redis held may be gone, all that matters is here.

        queue_is_lost: whether the seats that nobody has taken are to be given out again at once. If they are lost
        all the same, `Seats.replace_lost` finds out a little later.
        """
        self._say(trouble)
        self._undisturbed = False
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        self._client.connection_pool.disconnect()
        if queue_is_lost:
            self._seats.renew()
        time.sleep(_PAUSE)
        self._tend()

    def _say(self, trouble: str) -> None:
        """Tell people what we wait for, once."""
        if trouble != self._trouble:
            log.warning(trouble)
            self._trouble = trouble
