"""Tensors in memory that a coordinator shares with the workers on its machine. Both halves; only records need Redis.

A worker writes its reply into the region of its slot that the request names. Nobody locks a region, because nobody can
be misled:

- Weights are written before the record that tells of them. Whoever still reads them when the next are written computes
  for a step that is over, and its reply is late.
- A slot belongs to one process (a lock sees to that), which answers one request after the other. Within a step each of
  its requests names another region: 0 is that of its own list, where it finds one a step, and those of the common list
  and for second opinions are numbered through. So it writes a region again for a request of a later step only, when the
  coordinator has long taken the old content or will never look at it, or for the same request sent again, and then
  writes the same numbers over themselves.

A reply whose region is not there, because a step had so many requests, goes through Redis.
"""

import fcntl
import os
import tempfile
from functools import cache, lru_cache
from pathlib import Path
from typing import IO, Self

import numpy as np

from shared.config import TrainConfig
from shared.messaging.keys import WEIGHTS_LIFETIME
from shared.messaging.records import RECORD_BYTES, Record
from shared.messaging.resp import Stream, encode
from shared.messaging.seals import Key, digest
from shared.messaging.sockets import Item
from shared.nn.parameters import Parameters
from shared.transport.codecs import Codecs
from shared.transport.redis import RedisCoordinatorTransport
from shared.transport.regions import SharedTensors
from shared.types import Array

# What a worker that the coordinator has started finds in its environment: descriptor, its slot, how many there are.
ENVIRONMENT = "GRADMQ_MEMORY"


class SharedMemoryCoordinatorTransport:
    """The coordinator's half; `shared.transport.base.CoordinatorTransport` tells what each method is for."""

    def __init__(
        self, tensors: SharedTensors, incarnation: int, config: TrainConfig, codecs: Codecs, weights_key: str
    ) -> None:
        """tensors: still nobody's."""
        tensors.begin(incarnation)
        self._tensors = tensors
        self._key = weights_key
        # For workers that do not share the memory: their replies, and if there is one, the weights too.
        self._through_redis = RedisCoordinatorTransport(config, codecs, weights_key)
        self._strangers = False
        self._loaded: Parameters
        self.reply_bytes, self.message_bytes = self._through_redis.reply_bytes, self._through_redis.message_bytes
        self._dtype = config.numpy_dtype

    @property
    def weights_bytes(self) -> int:
        return self._through_redis.weights_bytes if self._strangers else RECORD_BYTES

    def load(self, parameters: Parameters) -> int:
        self._tensors.weights[:] = parameters.flat.view(np.uint8)
        self._loaded = parameters
        return self._through_redis.load(parameters) if self._strangers else 0

    def publish(self, record: Record) -> list[Item]:
        if self._strangers:
            return self._through_redis.publish(record)
        return encode("SET", self._key, record.encode(), "EX", WEIGHTS_LIFETIME)

    def fits(self, reply: Record, size: int) -> bool:
        if size != RECORD_BYTES:
            return self._through_redis.fits(reply, size)
        return self._tensors.has(reply.slot, reply.region)

    def is_intact(self, reply: Record, message: Array, size: int) -> bool:
        return size == RECORD_BYTES or self._through_redis.is_intact(reply, message, size)

    def content(self, reply: Record, message: Array, size: int) -> Array:
        if size != RECORD_BYTES:
            return self._through_redis.content(reply, message, size)
        return self._tensors.reply(reply.slot, reply.region).view(self._dtype)

    def share_with_strangers(self) -> int:
        if self._strangers:  # they are there, or on their way
            return 0
        self._strangers = True
        return self._through_redis.load(self._loaded)


class SharedMemoryWorkerTransport:
    """The worker's half; `shared.transport.base.WorkerTransport` tells what each method is for."""

    def __init__(
        self, tensors: SharedTensors, slot: int, config: TrainConfig, codecs: Codecs, weights_key: str
    ) -> None:
        self.get, self.fetches = encode("GETRANGE", weights_key, 0, RECORD_BYTES - 1), False
        self._tensors, self._slot, self._codecs = tensors, slot, codecs
        self.parameters = Parameters(config.sizes, config.dtype, tensors.weights.view(config.dtype))
        self._received = memoryview(bytearray(RECORD_BYTES))

    @classmethod
    def of_this_process(cls, incarnation: int, config: TrainConfig, codecs: Codecs, weights_key: str) -> Self | None:
        """Return that of this process, None if it does not share memory with that coordinator, or not alone."""
        given = os.environ.get(ENVIRONMENT)
        if not given:
            return None
        descriptor, slot, slots = map(int, given.split(":"))
        tensors = _mapped(descriptor, config, slots, incarnation)
        try:
            if tensors.belongs_to(incarnation) and _is_ours(slot):
                return cls(tensors, slot, config, codecs, weights_key)
        except OSError:  # the descriptor has not come as far as here
            pass
        return None

    def read(self, stream: Stream) -> tuple[Record | None, bool]:
        size = stream.read_into(self._received)
        return (Record.decode(self._received) if size == RECORD_BYTES else None), True

    def is_intact(self, content: int) -> bool:
        return True

    def reply(self, record: Record, gradient: Array, key: Key) -> tuple[Item, ...]:
        if not self._tensors.has(self._slot, record.region):
            sent = self._codecs.gradients.encode(gradient)
            return record._replace(content=digest(sent)).encode(key), sent
        # Copied when it is whole: the coordinator may be reading what was there, if it sent the same request again, and
        # that are the same bits.
        region = self._tensors.reply(self._slot, record.region)
        region[:] = gradient.view(np.uint8)
        return (record._replace(slot=self._slot, content=0).encode(key),)


@lru_cache(maxsize=1)
def _mapped(descriptor: int, config: TrainConfig, slots: int, incarnation: int) -> SharedTensors:
    """Keep what is mapped from lease to lease; another incarnation of the run needs it anew."""
    return SharedTensors(descriptor, config, slots)


def _is_ours(slot: int) -> bool:
    """Tell whether the slot is this process's: a pool that was told to grow has several, and one slot."""
    try:
        fcntl.flock(_lock(slot), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@cache
def _lock(slot: int) -> IO[bytes]:
    """Open the slot's file in the cluster's private folder; a lock on it lasts as long as this process."""
    return (Path(tempfile.gettempdir()) / f"slot{slot}").open("wb")
