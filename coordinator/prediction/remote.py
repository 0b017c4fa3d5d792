"""Answers that workers compute: batches as Celery tasks, their inputs and answers through Redis, in order."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from coordinator.gradients.reply_stream import ReplyStream
from coordinator.workers.task_queue import TaskQueue
from shared.errors import ForbiddenError, MessageError, QueueError, RefusedError, VersionError
from shared.messaging.addresses import broker_url
from shared.messaging.client import client
from shared.messaging.keys import BATCH_KEYS, BATCHES, PREDICTION_LIFETIME, PredictionKeys
from shared.messaging.predictions import BATCH_TASK, Batch, decode_answers, longest_reply, misfit
from shared.model import SavedModel
from shared.nn.prediction import Answers
from shared.transport.models import to_bytes
from shared.types import Array

_AHEAD = 16  # batches that are asked for and not yet yielded
_LATE = 5.0  # seconds without an answer after which a batch that is taken counts as late, at least
_EVERY = 1.0  # seconds between two looks whether late batches wait for a worker
_MOST_MISSES = 5  # of a batch: Redis cannot have forgotten it so often
_PAUSE = 0.2  # seconds between two attempts to go on after a failure
_REFUSED = 60.0  # seconds for which a Redis that is there and refuses us is asked again

_Found = TypeVar("_Found")


@dataclass
class _Asked:
    """A batch that is not answered."""

    batch: Batch
    content: bytes
    sent: float
    patience: float  # seconds
    misses: int = 0  # how often a worker could not answer it, or answered nonsense


class RemoteAnswers:
    """Has workers answer batches. The first answer to each counts; what is late, or lost with Redis, is sent again."""

    def __init__(
        self,
        model: SavedModel,
        url: str,
        broker: str | None = None,
        say: Callable[[str], None] = lambda line: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """url: of Redis.  broker: Celery's, if it is not that.  say: is told what a person should know.

        Raises DivergedError for weights that the model's arithmetic cannot take, ModelError for too many.
        """
        mlp = model.mlp()
        mlp.rounded(model.parameters)  # raises here what otherwise workers would raise, and be asked again
        self._n_outputs, self._dtype = mlp.sizes[-1], mlp.dtype
        self._digest, self._content = model.digest, to_bytes(model)
        identity = secrets.token_hex(8)
        self._identity, self._keys = identity, PredictionKeys(identity)
        self._client = client(url)
        self._replies, self._reply = ReplyStream(url, self._keys.answers), np.empty(0, np.uint8)  # and memory for one
        self._queue = TaskQueue(broker_url(url, broker), BATCHES, BATCH_TASK, BATCH_KEYS, PREDICTION_LIFETIME)
        self._say, self._clock = say, clock
        self._asked: dict[int, _Asked] = {}
        self._answered: dict[int, Answers] = {}
        self._slowest = 0.0  # seconds that an answer took
        self._looked = float("-inf")  # by the clock: when the latest look was at what waits
        self._is_published = False

    def answers(self, batches: Iterable[Array]) -> Iterator[Answers]:
        """Yield the answers to batches of inputs, in their order.

        Raises VersionError if workers cannot answer them, and RefusedError if Redis will not have them: at once if
        user or password are wrong, else after a minute.
        """
        source, next_one, n_asked, is_over = iter(batches), 0, 0, False
        began, warned = self._clock(), False
        try:
            while True:
                while not is_over and n_asked - next_one < _AHEAD:
                    inputs = next(source, None)
                    is_over = inputs is None
                    if inputs is not None:
                        self._ask(n_asked, inputs)
                        n_asked += 1
                if is_over and next_one == n_asked:
                    return
                self._listen()
                while next_one in self._answered:
                    yield self._answered.pop(next_one)
                    next_one += 1
                if not warned and not next_one and not self._answered and self._clock() - began > _LATE:
                    warned = True
                    self._say("no worker has answered yet; start one with: gradmq worker --redis URL")
        finally:
            self._tidy_up()

    def _ask(self, number: int, inputs: Array) -> None:
        """Note a batch, and send it."""
        if inputs.dtype.byteorder == ">":
            inputs = inputs.astype(inputs.dtype.newbyteorder("<"))
        shape = (len(inputs), inputs.shape[1])
        batch = Batch(self._identity, number, self._digest, shape, inputs.dtype.str)
        self._asked[number] = _Asked(batch, inputs.tobytes(), self._clock(), _LATE)
        most = longest_reply(len(inputs), self._n_outputs, self._dtype)
        if most > len(self._reply):
            self._reply = np.empty(most, np.uint8)
        self._trying(partial(self._send, self._asked[number]))

    def _send(self, asked: _Asked) -> None:
        """Send a batch; whatever it needs is in Redis then."""
        if not self._is_published:
            self._client.set(self._keys.model, self._content, ex=PREDICTION_LIFETIME)
            self._is_published = True
        self._client.expire(self._keys.model, PREDICTION_LIFETIME)
        self._client.set(self._keys.inputs(asked.batch.number), asked.content, ex=PREDICTION_LIFETIME)
        self._queue.send(asked.batch.to_json(), f"{self._identity}, batch {asked.batch.number}")
        self._queue.keep_keys()
        asked.sent = self._clock()

    def _listen(self) -> None:
        """Take an answer, if there is one; see what is late."""
        size = self._trying(self._read)
        if size is not None and size > len(self._reply):
            self._say(f"an answer of {size} bytes was dropped unread, as none has more than {len(self._reply)}")
        elif size is not None:
            self._take(self._reply[:size].tobytes())
        late = [each for each in self._asked.values() if self._clock() - each.sent > each.patience]
        if not late or self._clock() - self._looked < _EVERY:
            return
        self._looked = self._clock()
        if not self._trying(self._queue.is_taken):
            return
        for asked in late:
            asked.patience *= 2
            self._trying(partial(self._send, asked))

    def _read(self) -> int | None:
        """Read an answer, if there is one; return how long it is, which may be more than was read.

        Raises QueueError.
        """
        try:
            return self._replies.read(self._reply, 1)
        except QueueError:
            self._replies.disconnect()
            raise

    def _take(self, reply: bytes) -> None:
        """Take an answer: the first one to a batch counts."""
        try:
            number, answers = decode_answers(reply)
        except MessageError as error:
            return self._say(str(error))
        asked = self._asked.get(number)
        if asked is None:
            return None
        if isinstance(answers, Answers):
            reason = misfit(answers, asked.batch.shape[0], self._n_outputs, self._dtype)
        else:
            reason = answers.reason
        if reason or not isinstance(answers, Answers):
            asked.misses += 1
            if asked.misses > _MOST_MISSES:
                raise VersionError(f"workers cannot answer: {reason}; install the same GradMQ on both sides")
            self._is_published = False  # Redis may have forgotten something
            return self._trying(partial(self._send, asked))
        del self._asked[number]
        self._answered[number] = answers
        self._slowest = max(self._slowest, self._clock() - asked.sent)
        for each in self._asked.values():
            each.patience = max(each.patience, 3 * self._slowest)
        with suppress(QueueError):  # it expires
            self._client.delete(self._keys.inputs(number))
        return None

    def _trying(self, what: Callable[[], _Found]) -> _Found:
        """Do something that needs Redis or the broker, again and again until they are there."""
        failed, refused_since = False, None
        while True:
            try:
                if failed:
                    self._is_published = False
                    for each in self._asked.values():
                        self._send(each)
                    failed = False
                return what()
            except QueueError as error:
                if not isinstance(error, RefusedError):
                    refused_since = None
                elif refused_since is None:
                    refused_since = self._clock()
                lasts = refused_since is not None and self._clock() - refused_since > _REFUSED
                if lasts or isinstance(error, ForbiddenError):
                    kind = ForbiddenError if isinstance(error, ForbiddenError) else RefusedError
                    raise kind(f"Redis or the broker refuses us: {error}; check rights and memory") from error
                if not failed:
                    self._say(f"waiting for Redis and the broker: {error}")
                failed = True
                time.sleep(_PAUSE)

    def _tidy_up(self) -> None:
        self._replies.disconnect()
        with suppress(QueueError):
            keys = [self._keys.inputs(number) for number in self._asked]
            self._client.delete(self._keys.model, self._keys.answers, *keys)
        self._queue.close()
        self._client.close()
