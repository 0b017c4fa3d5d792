"""Where in the shared memory which tensor is.

Region 0 holds the weights. Every worker has a slot, with a region for each shard of a step.
"""

import mmap
import os

import numpy as np
from numpy.typing import NDArray

from shared.config import TrainConfig

_HEAD = 64  # bytes before the regions: whose memory it is
_LINE = 64  # bytes: regions begin where the processor's cache lines do


class SharedTensors:
    """The regions for the tensors of one incarnation of a run, in a file that coordinator and workers have mapped."""

    def __init__(self, descriptor: int, config: TrainConfig, slots: int) -> None:
        """descriptor: of the file.  slots: as many as there are workers."""
        self._descriptor = descriptor
        self._shards, self._slots = config.shards_per_step, slots
        self._content = config.nbytes
        self._stride = -(-self._content // _LINE) * _LINE
        self.nbytes = _HEAD + (1 + slots * self._shards) * self._stride
        self._memory: NDArray[np.uint8] | None = None

    def begin(self, incarnation: int) -> None:
        """Make the regions, for this incarnation of the run.  Only those that are used take memory."""
        if os.fstat(self._descriptor).st_size:
            raise ValueError("the memory belongs to another incarnation of a run")
        os.ftruncate(self._descriptor, self.nbytes)
        os.pwrite(self._descriptor, incarnation.to_bytes(8, "little"), 0)

    def belongs_to(self, incarnation: int) -> bool:
        """Tell whether the regions are those of this incarnation of a run."""
        return os.pread(self._descriptor, 8, 0) == incarnation.to_bytes(8, "little")

    @property
    def weights(self) -> NDArray[np.uint8]:
        """The bytes of the weights."""
        return self._bytes(0)

    def has(self, slot: int, shard: int) -> bool:
        """Tell whether there is such a region for a reply."""
        return 1 <= slot <= self._slots and 0 <= shard < self._shards

    def reply(self, slot: int, shard: int) -> NDArray[np.uint8]:
        """The bytes of a reply.  slot: of its worker, from 1.  shard: the first that it covers."""
        return self._bytes(1 + (slot - 1) * self._shards + shard)

    def _bytes(self, region: int) -> NDArray[np.uint8]:
        if self._memory is None:
            self._memory = np.frombuffer(mmap.mmap(self._descriptor, self.nbytes), np.uint8)
        start = _HEAD + region * self._stride
        return self._memory[start : start + self._content]
