"""Memory that a coordinator shares with the workers on its machine, so that only records need go through Redis.

Room 0 holds the weights. Every worker has a place, with a room for each part of a step, and writes its reply into that
of the reply's first part. Nobody locks a room, because nobody can be misled:

- Weights are written before the record that tells of them. Whoever still reads them when the next are written computes
  for a step that is over, and its reply is late.
- A place belongs to one process (`worker.tensors` sees to that), which answers one request after the other. It writes
  a room again for the same part only: of a later step, when the coordinator has long taken the old content, or asked
  again for the same one, which writes the same bytes over themselves.
"""

import mmap
import os

import numpy as np
from numpy.typing import NDArray

from shared.config import TrainConfig
from shared.nn.parameters import Parameters

_HEAD = 64  # bytes before the rooms: whose memory it is
_LINE = 64  # bytes: rooms begin where the processor's cache lines do


class SharedTensors:
    """The rooms for the tensors of one life of a run, in a file that coordinator and workers have mapped."""

    def __init__(self, descriptor: int, config: TrainConfig, workers: int) -> None:
        """descriptor: of the file.  workers: how many places there are."""
        self._descriptor = descriptor
        self._parts, self._workers = config.parts_per_step, workers
        self._content = Parameters.count(config.sizes) * config.numpy_dtype.itemsize
        self._room = -(-self._content // _LINE) * _LINE
        self.nbytes = _HEAD + (1 + workers * self._parts) * self._room
        self._memory: NDArray[np.uint8] | None = None

    def begin(self, incarnation: int) -> None:
        """Make the rooms, for this life of the run.  Only those that are used take memory."""
        if os.fstat(self._descriptor).st_size:
            raise ValueError("the memory belongs to another life of a run")
        os.ftruncate(self._descriptor, self.nbytes)
        os.pwrite(self._descriptor, incarnation.to_bytes(8, "little"), 0)

    def belongs_to(self, incarnation: int) -> bool:
        """Tell whether the rooms are those of this life of a run."""
        return os.pread(self._descriptor, 8, 0) == incarnation.to_bytes(8, "little")

    @property
    def weights(self) -> NDArray[np.uint8]:
        """The bytes of the weights."""
        return self._bytes(0)

    def has(self, place: int, part: int) -> bool:
        """Tell whether there is such a room for a reply."""
        return 1 <= place <= self._workers and 0 <= part < self._parts

    def reply(self, place: int, part: int) -> NDArray[np.uint8]:
        """The bytes of a reply.  place: of its worker, from 1.  part: the first that it covers."""
        return self._bytes(1 + (place - 1) * self._parts + part)

    def _bytes(self, room: int) -> NDArray[np.uint8]:
        if self._memory is None:
            self._memory = np.frombuffer(mmap.mmap(self._descriptor, self.nbytes), np.uint8)
        start = _HEAD + room * self._room
        return self._memory[start : start + self._content]
