"""Memory that a coordinator shares with the workers on its machine, so that only records need go through Redis.

Room 0 holds the weights. Every worker has a room for each part of a step, and writes its reply into that of the
reply's first part. Nobody locks, because nobody can be misled:

- Weights are written before the record that tells of them. Whoever still reads them when the next are written computes
  for a step that is over, and its reply is late.
- A room is written by its worker alone, and again for the same part only: of a later step, when the coordinator has
  long taken the old content, or asked again for the same one, which writes the same bytes over themselves.
"""

import mmap
import os
import tempfile

import numpy as np
from numpy.typing import NDArray

from shared.config import TrainConfig
from shared.parameters import Parameters

_HEAD = 64  # bytes before the weights: whose memory it is


def anonymous_file() -> int:
    """Return the descriptor of a file that has no name, and is gone with the last process that holds it."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("gradmq")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class SharedTensors:
    """The rooms for the tensors of one run in such a file."""

    def __init__(self, descriptor: int, config: TrainConfig, workers: int = 0) -> None:
        """workers: who have rooms; to a worker itself it does not matter how many."""
        self._descriptor = descriptor
        self._workers = workers
        self._config = config
        self._nbytes = Parameters.count(config.sizes) * config.numpy_dtype.itemsize
        self._room_bytes = -(-(_HEAD + self._nbytes) // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        self._rooms: dict[int, NDArray[np.uint8]] = {}

    def begin(self, incarnation: int) -> None:
        """Make the rooms anew, for this life of the run.  Only those that are used take memory."""
        os.ftruncate(self._descriptor, 0)
        os.ftruncate(self._descriptor, (1 + self._workers * self._config.parts_per_step) * self._room_bytes)
        os.pwrite(self._descriptor, incarnation.to_bytes(8, "little"), 0)

    def belongs_to(self, incarnation: int) -> bool:
        """Tell whether the rooms are those of this life of a run."""
        return os.pread(self._descriptor, 8, 0) == incarnation.to_bytes(8, "little")

    @property
    def weights(self) -> NDArray[np.uint8]:
        """The bytes of the weights."""
        return self._room(0)

    def has(self, place: int, part: int) -> bool:
        """Tell whether there is such a room for a reply."""
        return 1 <= place <= self._workers and 0 <= part < self._config.parts_per_step

    def reply(self, place: int, part: int) -> NDArray[np.uint8]:
        """The bytes of a reply.  place: of its worker, from 1.  part: the first that it covers."""
        return self._room(1 + (place - 1) * self._config.parts_per_step + part)

    def _room(self, number: int) -> NDArray[np.uint8]:
        room = self._rooms.get(number)
        if room is None:
            memory = mmap.mmap(self._descriptor, self._room_bytes, offset=number * self._room_bytes)
            room = self._rooms[number] = np.frombuffer(memory, np.uint8)[_HEAD : _HEAD + self._nbytes]
        return room
