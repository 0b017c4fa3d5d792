"""The distributed gradient: publish weights, ask for shards, collect the replies, ask again for what is late."""

import logging
import secrets
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import numpy as np
from kombu.exceptions import OperationalError
from numpy.typing import NDArray

from coordinator.gradients.audit import Audit
from coordinator.gradients.pending import PendingStep
from coordinator.gradients.replies import Replies
from coordinator.gradients.retransmission import RetransmissionTimer
from coordinator.training.state import State
from coordinator.workers.leases import Leases
from coordinator.workers.stragglers import Bench
from coordinator.workers.windows import Window
from shared.config import TrainConfig
from shared.data.samples import LabelledSamples
from shared.errors import ConnectionLostError, QueueError, RefusedError
from shared.messaging.client import client
from shared.messaging.keys import LIFETIME, WEIGHTS_LIFETIME, Keys
from shared.messaging.records import RECORD_BYTES, Kind, Record
from shared.messaging.resp import Stream, encode
from shared.messaging.sockets import Item
from shared.nn.parameters import Parameters
from shared.parallel.sgd import tree_sum
from shared.parallel.strategy import work_of
from shared.transport.regions import SharedTensors
from shared.transport.samples import upload

Array = NDArray[Any]

_POLL = 0.1  # seconds that Redis lets us wait for a reply before we look around
_TEND = 1.0  # seconds between two looks at our own processes and at the workers while all goes well
_SILENCE = 10.0  # seconds without an answer after which a connection counts as dead
_ALONE = 3.0  # seconds without any worker after which we say so
_PAUSE = 0.1  # seconds between two attempts to go on after a failure
_LAST_WORDS = 0.5  # seconds that telling the workers of the end may take


log = logging.getLogger(__name__)


class _KeysLostError(Exception):
    """Redis has forgotten what we published."""


class RemoteGradients:
    """Gradients of mini-batches, computed by whatever workers there are."""

    def __init__(
        self,
        redis_url: str,
        broker_url: str,
        run: str,
        config: TrainConfig,
        samples: LabelledSamples,
        state: State,
        batches_per_task: int | None,
        audit: float,
        supervise: Callable[[], None],
        tensors: SharedTensors | None = None,
    ) -> None:
        """Begin a life of the run.

        state: whose books are kept.  audit: share of the replies that is checked.  supervise: is called now and then.
        tensors: memory that is shared with the workers on this machine.
        """
        self._url = redis_url
        self._config, self._samples = config, samples
        self._tend = supervise
        self._incarnation = secrets.randbits(64)
        self._work = work_of(config, samples)
        self._keys = Keys(run, self._incarnation)
        self._batches_per_epoch = config.steps_per_epoch(len(samples))
        self._window = Window(run, self._incarnation, config, samples.sha256, self._batches_per_epoch)
        self._timer = RetransmissionTimer(batches_per_task)
        self._ledger = state.ledger
        self._bench = Bench(state.excluded)
        self._leases = Leases(broker_url, self._bench)
        self._tensors = tensors
        if tensors is not None:
            tensors.begin(self._incarnation)
        self._by_wire = tensors is None  # whether the weights go through Redis
        self._replies = Replies(
            self._incarnation,
            config,
            leases=self._leases,
            bench=self._bench,
            ledger=self._ledger,
            audit=Audit(audit, self._work),
            give_samples=self._give_samples,
            give_weights=self._give_weights,
            tensors=tensors,
        )
        self._client = client(redis_url)
        self._stream: Stream | None = None
        self._pop_reply = encode("BLPOP", self._keys.replies, _POLL)
        self._awaited = 0  # answers about replies that Redis still owes us
        self._free: list[Array] = []  # memory to receive replies in
        self._undisturbed = True  # in this step so far
        self._alone_since: float | None = None
        self._trouble = ""  # what we have said that we wait for
        self._looked = self._tended = time.monotonic()

    @property
    def workers(self) -> int:
        """How many workers take part now."""
        return len(self._replies.membership)

    def gradient(self, parameters: Parameters, epoch: int, batch: int, rows: Array) -> tuple[Array, int]:
        """Return the sum of a step's parts (see `shared.work`), and the samples' number as the replies count them.

        batch: number of the step in its epoch.  rows: its samples.  The sum, flat like `parameters.flat`, is valid
        until the next call.
        """
        started = time.monotonic()
        self._undisturbed = self._leases.taken > 0
        step = epoch * self._batches_per_epoch + batch
        ask: PendingStep | None = None
        while ask is None or ask.missing:
            try:
                if started - self._tended > _TEND:
                    self._tended = started
                    self._look_at_workers()
                stream = self._connected()
                if self._bench.changed or not self._window.covers(epoch, batch):
                    self._window.open(self._client, self._leases, self._timer, epoch, batch)
                self._leases.give_out()
                if ask is None:
                    ask = PendingStep(
                        self._incarnation, step, rows, self._work.bounds(len(rows)), self._leases.expected
                    )
                    self._ledger.asked(ask.missing)
                else:
                    self._ledger.asked_again(ask.missing)
                self._publish(stream, parameters, ask)
                self._collect(stream, parameters, ask)
                if ask.missing:  # who sits out has changed: a new window begins, and this connection still waits
                    self._disconnect()
            except _KeysLostError:
                self._recover("Redis has lost the run's keys; publishing them again")
            except OperationalError as error:
                self._recover(f"Celery's broker is away ({error}); waiting for it", queue_is_lost=False)
            except ConnectionLostError as error:
                self._recover(f"Redis is away ({error}); waiting for it")
            except RefusedError as error:
                self._recover(f"Redis refuses ({error}); waiting for it to serve us")
        if self._trouble:
            log.info("all is there again; going on")
            self._trouble = ""
        if self._undisturbed:
            self._timer.add(time.monotonic() - started)
        replies = ask.replies()
        self._free += replies
        vectors = [reply[RECORD_BYTES : self._replies.reply_bytes].view(parameters.dtype) for reply in replies]
        return tree_sum(vectors.__getitem__, 0, len(vectors)), ask.n_samples

    def close(self) -> None:
        """Tell the workers that the run is over, and leave no key of it."""
        self._disconnect()
        # If Redis is away, there is nobody to tell.
        with suppress(QueueError), closing(client(self._url, _LAST_WORDS)) as connection:
            connection.delete(self._keys.weights, self._keys.replies, self._keys.incarnation)
            self._window.over(connection)
            self._leases.keep()
        self._client.close()
        self._leases.close()

    def _publish(self, stream: Stream, parameters: Parameters, ask: PendingStep) -> None:
        """Publish the weights and what is asked for, and begin to wait for the replies: one round trip."""
        if self._tensors is not None:
            self._tensors.weights[:] = parameters.flat.data.cast("B")
        stream.send(
            [
                *encode("SET", self._keys.weights, self._weights(parameters, ask), "EX", WEIGHTS_LIFETIME),
                *encode("RPUSH", self._window.requests, *(request.encode() for request in ask.unanswered())),
                *self._window.expire_requests,
                *self._pop(ask.missing),
            ]
        )
        stream.skip(3)

    def _weights(self, parameters: Parameters, ask: PendingStep) -> tuple[Item, ...]:
        """The weights as Redis gets them: their record, and themselves for whoever does not share our memory."""
        record = Record(Kind.WEIGHTS, self._incarnation, ask.step, number=self._window.number).encode()
        return (record, parameters.flat.data.cast("B")) if self._by_wire else (record,)

    def _pop(self, count: int) -> list[Item]:
        """Encode the wait for that many replies."""
        self._awaited += count
        return self._pop_reply * count

    def _collect(self, stream: Stream, parameters: Parameters, ask: PendingStep) -> None:
        """Take replies until each request has one."""
        published = asked = self._looked = time.monotonic()
        while ask.missing and not self._bench.changed:
            if not self._awaited:
                stream.send(self._pop(ask.missing))
            buffer = self._free.pop() if self._free else np.empty(self._replies.most_bytes, np.uint8)
            size = self._read_message(stream, buffer)
            # Times of replies to what was asked twice tell nothing (P. Karn, C. Partridge, 1987).
            since = published if self._undisturbed else None
            if size is None or not self._replies.take(buffer, size, ask, parameters, since):
                self._free.append(buffer)
            now = time.monotonic()
            # By the clock, not only when nothing has come: other messages may come all the time.
            if ask.missing and now - self._looked > _POLL:
                self._looked = now
                self._look_around()
                if not self._leases.taken:
                    asked = now  # nobody is there to be late
                elif now - asked > self._timer.timeout:
                    self._ask_again(ask, asked)
                    asked = now

    def _read_message(self, stream: Stream, buffer: Array) -> int | None:
        """Read what a worker has pushed into the buffer; return its length in bytes, None if nothing has come."""
        size = None
        if stream.read_array() is not None:
            stream.read()
            size = stream.read_into(buffer.data)
        self._awaited -= 1
        return size

    def _give_samples(self) -> None:
        if upload(self._client, self._samples):
            log.info("the training samples are in Redis now, for workers without a copy")

    def _give_weights(self, parameters: Parameters, ask: PendingStep) -> None:
        if self._by_wire:  # they are there, or on their way
            return
        self._by_wire = True
        log.info("the weights go through Redis from now on, for a worker that does not share our memory")
        self._client.set(self._keys.weights, b"".join(self._weights(parameters, ask)), ex=WEIGHTS_LIFETIME)

    def _look_at_workers(self) -> None:
        """Are our processes alive, who still takes part, does anybody hold up the others?"""
        self._tend()
        self._replies.membership.look()
        self._leases.keep()
        self._bench.look(self._leases.working)
        self._window.announce(self._client)

    def _look_around(self) -> None:
        """Replies are slow to come: are our processes alive, is Redis whole, is anybody there?"""
        self._tend()
        self._replies.membership.look()
        # Both are signs of life, and tell whether Redis still has them.
        # Asked for its content, not only whether it is there: a key of another type raises, and is replaced.
        if not self._client.getrange(self._keys.weights, 0, 0) or not self._client.expire(
            self._keys.weights, WEIGHTS_LIFETIME
        ):
            raise _KeysLostError
        self._client.expire(self._window.requests, LIFETIME)
        self._window.announce(self._client)
        self._bench.look(self._leases.working)
        self._leases.replace_lost()
        self._leases.give_out()
        if self._leases.taken:
            self._alone_since = None
        else:
            self._undisturbed = False
            self._bench.call_all()
            self._alone_since = self._alone_since or time.monotonic()
            if time.monotonic() - self._alone_since > _ALONE:
                others = "no worker is there"
                if self._bench.excluded:
                    others += f" but those that get no more work in this run ({', '.join(self._bench.excluded)})"
                self._say(f"{others}; waiting for one to come")

    def _ask_again(self, ask: PendingStep, asked: float) -> None:
        """PendingStep anyone for what has not come in time, and give the silent workers' leases to others."""
        self._undisturbed = False
        self._timer.late()
        queued = self._client.lrange(self._window.requests, 0, -1)
        lost = [request for request in ask.unanswered() if request.encode() not in queued]
        log.warning("step %d: asking again for %d of its shards' gradients", ask.step, len(ask.unanswered()))
        if lost:
            self._client.rpush(self._window.requests, *(request.encode() for request in lost))
        self._ledger.asked_again(len(lost))
        for worker in self._leases.replace_silent(asked):
            self._replies.membership.gone(worker, "does not answer")
        self._leases.give_out()

    def _connected(self) -> Stream:
        if self._stream is None:
            self._stream, self._awaited = Stream(self._url, _SILENCE), 0
        return self._stream

    def _disconnect(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _recover(self, trouble: str, queue_is_lost: bool = True) -> None:
        """Prepare to begin again: what Redis held may be gone, all that matters is here.

        queue_is_lost: whether the leases that nobody has taken are to be given out again at once. If they are lost
        all the same, `Leases.replace_lost` finds out a little later.
        """
        self._say(trouble)
        self._undisturbed = False
        self._disconnect()
        self._client.disconnect()
        if queue_is_lost:
            self._leases.renew()
        time.sleep(_PAUSE)
        self._tend()

    def _say(self, trouble: str) -> None:
        """Tell people what we wait for, once."""
        if trouble != self._trouble:
            log.warning(trouble)
            self._trouble = trouble
