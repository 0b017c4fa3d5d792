"""How weights come to a worker and gradients go: through Redis, or in memory shared with the coordinator."""

import fcntl
import os
import tempfile
from functools import cache, lru_cache
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.config import TrainConfig
from shared.messaging.records import RECORD_BYTES, Lease, Record
from shared.messaging.resp import Stream, encode
from shared.messaging.sockets import Item
from shared.nn.parameters import Parameters
from shared.transport.shared_memory import SharedTensors

Array = NDArray[Any]


class Tensors(Protocol):
    """What a lease needs to know of either way."""

    get: list[Item]  # the command whose answer `read` reads
    parameters: Parameters  # the weights that were read last

    def read(self, stream: Stream) -> tuple[Record | None, bool]:
        """Return the weights' record, None if there is none, and whether the weights themselves came too."""
        ...

    def reply(self, record: Record, gradient: Array) -> tuple[Item, ...]:
        """Return what to send as the reply; a view in it is valid until the gradient changes."""
        ...


def tensors_of(lease: Lease, weights: str) -> Tensors:
    """Return the way for this lease.  weights: their key in Redis."""
    # For workers that the coordinator has started itself: a descriptor, our place, and how many there are.
    given = os.environ.get("GRADMQ_MEMORY")
    if given:
        descriptor, place, places = map(int, given.split(":"))
        shared = _mapped(descriptor, lease.config, places, lease.incarnation)
        try:
            if shared.belongs_to(lease.incarnation) and _is_ours(place):
                return InMemory(shared, place, lease.config, weights)
        except OSError:  # the descriptor has not come as far as here
            pass
    return ThroughRedis(lease.config, weights)


@lru_cache(maxsize=1)
def _mapped(descriptor: int, config: TrainConfig, places: int, incarnation: int) -> SharedTensors:
    """Keep what is mapped from lease to lease; another life of the coordinator needs it anew."""
    return SharedTensors(descriptor, config, places)


def _is_ours(place: int) -> bool:
    """Tell whether the place is this process's: a pool that was told to grow has several, and one place."""
    try:
        fcntl.flock(_lock(place), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@cache
def _lock(place: int) -> IO[bytes]:
    """Open the place's file in the cluster's private folder; a lock on it lasts as long as this process."""
    return (Path(tempfile.gettempdir()) / f"place{place}").open("wb")


class ThroughRedis:
    """Weights follow their record, gradients follow theirs."""

    def __init__(self, config: TrainConfig, weights: str) -> None:
        self.get = encode("GET", weights)
        nbytes = Parameters.count(config.sizes) * config.numpy_dtype.itemsize
        # The network's layers are views of the memory that the weights arrive in.
        self._received = np.zeros(RECORD_BYTES + nbytes, np.uint8)
        self.parameters = Parameters(config.sizes, config.dtype, self._received[RECORD_BYTES:].view(config.dtype))

    def read(self, stream: Stream) -> tuple[Record | None, bool]:
        size = stream.read_into(self._received.data)
        if size not in (RECORD_BYTES, len(self._received)):
            return None, False
        return Record.decode(self._received.data), size != RECORD_BYTES

    def reply(self, record: Record, gradient: Array) -> tuple[Item, ...]:
        return record.encode(), gradient.data.cast("B")


class InMemory:
    """Only records go through Redis."""

    def __init__(self, shared: SharedTensors, place: int, config: TrainConfig, weights: str) -> None:
        """place: of this worker in the memory."""
        self.get = encode("GETRANGE", weights, 0, RECORD_BYTES - 1)
        self.parameters = Parameters(config.sizes, config.dtype, shared.weights.view(config.dtype))
        self._shared, self._place = shared, place
        self._received = memoryview(bytearray(RECORD_BYTES))

    def read(self, stream: Stream) -> tuple[Record | None, bool]:
        size = stream.read_into(self._received)
        return (Record.decode(self._received) if size == RECORD_BYTES else None), True

    def reply(self, record: Record, gradient: Array) -> tuple[Item, ...]:
        # Copied when it is whole: the coordinator may be reading what was there, if it asked for the same part again.
        self._shared.reply(self._place, record.first)[:] = gradient.view(np.uint8)
        return (record._replace(place=self._place).encode(),)
