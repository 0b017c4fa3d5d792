"""The distributed gradient: publish weights, ask for shards, collect the replies, ask again for what is late."""

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import redis
from kombu.exceptions import OperationalError
from numpy.typing import NDArray

from coordinator.ask import Ask
from coordinator.pace import Pace
from coordinator.seats import Seats
from shared.config import TrainConfig
from shared.messages import RECORD_BYTES, Keys, Kind, Record, Seat
from shared.parameters import Parameters
from shared.resp import Stream, client, encode
from shared.samples import LabelledSamples
from shared.sgd import tree_sum
from shared.transfer import upload
from shared.wire import Item

Array = NDArray[Any]

_POLL = 0.25  # seconds that Redis lets us wait for a reply before we look around
_SILENCE = 10.0  # seconds without an answer after which a connection counts as dead
_LIFETIME = 60  # seconds that a list in Redis outlives its last use
_ALIVE = 20  # seconds that workers wait for us after our last sign
_ALONE = 3.0  # seconds without any worker after which we say so
_PAUSE = 0.2  # seconds between two attempts to reach Redis


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
        notify: Callable[[str], None],
        tend: Callable[[], None],
    ) -> None:
        """notify: gets a line for people when something has to be waited for.  tend: is called now and then."""
        self._url = redis_url
        self._run, self._config, self._samples = run, config, samples
        self._notify, self._tend = notify, tend
        self._incarnation = secrets.randbits(64)
        self._keys = Keys(run, self._incarnation)
        self._seats = Seats(broker_url)
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
        self._waiting_since: float | None = None
        self._said_waiting = False

    @property
    def workers(self) -> int:
        """How many workers are in their seats now."""
        return self._seats.taken

    def take_workers(self) -> int:
        """Return how many workers have given replies since the last call."""
        count = len(self._seats.workers)
        self._seats.workers.clear()
        return count

    def gradient(self, parameters: Parameters, epoch: int, batch: int, rows: Array) -> tuple[Array, int]:
        """Return the gradient summed over a mini-batch, and the samples' number as the replies count them.

        batch: number of the mini-batch in its epoch.  rows: its samples.  The gradient, flat like
        `parameters.flat`, is valid until the next call.
        """
        started, typical = time.monotonic(), self._seats.taken > 0
        step = epoch * self._batches_per_epoch + batch
        ask: Ask | None = None
        while ask is None or ask.missing:
            try:
                stream = self._connected()
                if epoch != self._span_epoch or batch not in self._span_batches:
                    self._open_span(parameters, epoch, batch)
                if ask is None:
                    ask = Ask(self._incarnation, step, len(rows), self._config.shards, self._seats.expected)
                self._publish(stream, parameters, ask)
                self._collect(stream, ask)
            except (redis.RedisError, OperationalError) as error:
                typical = False
                self._reconnect(error)
            except _KeysLostError:
                self._notify("Redis has lost the run's keys; publishing them again")
                self._seats.renew()
        if typical:
            self._pace.add(time.monotonic() - started)
        replies = ask.replies()
        self._free += replies
        vectors = [reply[RECORD_BYTES:].view(parameters.dtype) for reply in replies]
        return tree_sum(vectors.__getitem__, 0, len(vectors)), ask.n_samples

    def close(self) -> None:
        """Tell the workers that the run is over, and leave no key of it."""
        if self._stream is not None:  # else Redis is away, and there is nobody to tell
            with suppress(redis.RedisError):
                self._over()
                self._client.delete(self._keys.weights, self._keys.replies)
            self._stream.close()
        self._client.close()
        self._seats.close()

    @property
    def _batches_per_epoch(self) -> int:
        return self._config.steps_per_epoch(len(self._samples))

    def _open_span(self, parameters: Parameters, epoch: int, batch: int) -> None:
        """End the current span and give out the seats of the next, which begins with this mini-batch."""
        self._tend()
        self._over()
        self._span += 1
        self._expire_requests = encode("EXPIRE", self._keys.requests(self._span), _LIFETIME)
        self._span_epoch = epoch
        self._span_batches = range(batch, min(batch + self._pace.span, self._batches_per_epoch))
        # Before the seats, because a seat that finds no weights takes its run for ended.
        weights = Record(Kind.WEIGHTS, self._incarnation, number=self._span)
        self._client.set(self._keys.weights, weights.encode(), ex=_ALIVE)
        seat = Seat(
            run=self._run,
            incarnation=self._incarnation,
            config=self._config,
            data_sha256=self._samples.sha256,
            n_samples=len(self._samples),
            epoch=epoch,
            first=self._span_batches.start,
            stop=self._span_batches.stop,
            span=self._span,
            number=0,
            label="",
        )
        self._seats.open(seat, self._config.shards)

    def _over(self) -> None:
        """Tell the seats of this span that it is over."""
        if self._span >= 0:
            requests = self._keys.requests(self._span)
            over = Record(Kind.OVER, self._incarnation, number=self._span)
            self._client.rpush(requests, over.encode())
            self._client.expire(requests, _LIFETIME)

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
        asked = time.monotonic()
        patience = self._pace.patience
        while ask.missing:
            if not self._awaited:
                stream.send(self._pop(ask.missing))
            buffer = self._free.pop() if self._free else np.empty(self._reply_bytes, np.uint8)
            size = self._read_reply(stream, buffer)
            if size and self._take(ask, size, buffer):
                continue
            self._free.append(buffer)
            if size is None:
                self._look_around(ask)
                if time.monotonic() - asked > patience and self._seats.taken:
                    self._ask_again(ask, asked)
                    asked, patience = time.monotonic(), 2 * patience

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
        record = Record.decode(buffer[:size].data)
        if record is None or record.incarnation != self._incarnation:
            return False
        if record.kind == Kind.REPLY and size == self._reply_bytes:
            self._seats.replied(record.number)
            return ask.accept(record, buffer)
        if record.kind == Kind.JOINED:
            self._seats.joined(record.number, bytes(buffer[RECORD_BYTES:size]).decode(errors="replace"))
            self._not_alone()
        elif record.kind == Kind.LEFT:
            self._seats.left(record.number)
        elif record.kind == Kind.NEEDS_DATA:
            self._seats.heard(record.number)
            upload(self._client, self._samples)
        return False

    def _look_around(self, ask: Ask) -> None:
        """Nothing has come for a moment: is Redis whole, is anybody there?"""
        self._tend()
        # Both are signs of life, and tell whether Redis still has them.
        if not self._client.expire(self._keys.weights, _ALIVE):
            raise _KeysLostError
        self._client.expire(self._keys.requests(self._span), _LIFETIME)
        self._seats.replace_lost()
        if not self._seats.taken:
            self._alone()

    def _ask_again(self, ask: Ask, asked: float) -> None:
        """Ask anyone for what has not come in time, and give the silent workers' seats to others."""
        requests = self._keys.requests(self._span)
        queued = self._client.lrange(requests, 0, -1)
        for request in ask.unanswered():
            if request.encode() not in queued:
                self._client.rpush(requests, request.encode())
        self._seats.replace_silent(asked)

    def _alone(self) -> None:
        now = time.monotonic()
        self._waiting_since = self._waiting_since or now
        if now - self._waiting_since > _ALONE and not self._said_waiting:
            self._said_waiting = True
            self._notify("no worker is there; waiting for one to come")

    def _not_alone(self) -> None:
        if self._said_waiting:
            self._notify("a worker is there; going on")
        self._waiting_since, self._said_waiting = None, False

    def _connected(self) -> Stream:
        if self._stream is None:
            self._stream, self._awaited = Stream(self._url, _SILENCE), 0
        return self._stream

    def _reconnect(self, error: Exception) -> None:
        """Wait until Redis serves us again. What it held may be gone; all that matters is here."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        self._notify(f"Redis is away ({error}); waiting for it")
        while True:
            self._tend()
            time.sleep(_PAUSE)
            with suppress(redis.RedisError, OperationalError):
                self._client.connection_pool.disconnect()
                self._connected()
                self._seats.renew()
                break
        self._notify("Redis is back; going on")
