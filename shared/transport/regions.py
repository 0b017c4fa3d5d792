"""Where in the shared memory which tensor is.

First come the weights. Every worker has a slot, with regions for its replies; the request says which. All numbers lie
there as they are. Region 0 is for what is requested of this worker alone, once a step; the others are for what anyone
may answer, each with its own number in the step. So a region takes one reply a step. Where a step is not divisible, all
is for anyone, and there is no region 0.
"""

import mmap
import os

import numpy as np
from numpy.typing import NDArray

from shared.config import TrainConfig
from shared.messaging.records import OWN

_HEAD = 64  # bytes before the regions: whose memory it is
_LINE = 64  # bytes: regions begin where the processor's cache lines do
_MOST_REGIONS = 64  # a slot; replies beyond go through Redis
_MOST_MEMORY = 2**30  # bytes to share, for as many regions as that is enough for; all may come into use


class SharedTensors:
    """The regions for the tensors of one incarnation of a run, in a file that coordinator and workers have mapped."""

    def __init__(self, descriptor: int, config: TrainConfig, slots: int) -> None:
        """descriptor: of the file.  slots: as many as there are workers."""
        self._descriptor, self._slots = descriptor, slots
        self._content = config.nbytes  # of the weights, and of a reply
        self._stride = -(-self._content // _LINE) * _LINE
        self._first = _HEAD + self._stride
        fit = (_MOST_MEMORY - self._first) // (slots * self._stride) if slots else 0
        self._least = OWN if config.strategy.divisible else OWN + 1  # number of the first region
        self._regions = max(0, min(_MOST_REGIONS, config.shards_per_step + 1 - self._least, fit))
        self.nbytes = self._first + slots * self._regions * self._stride
        self._memory: NDArray[np.uint8] | None = None

    @property
    def useful(self) -> bool:
        """Whether there is memory enough for every worker to reply in."""
        return self._regions > 0

    def begin(self, incarnation: int) -> None:
        """Make the regions, for this incarnation of the run.  Only those that are used take memory.

        They may have been an earlier incarnation's of the same run, whose replies nobody looks at any more: a slot's
        process has written the last of them before it takes a request of this one.
        """
        if os.fstat(self._descriptor).st_size not in (0, self.nbytes):
            raise ValueError("the memory belongs to another run")
        os.ftruncate(self._descriptor, self.nbytes)
        os.pwrite(self._descriptor, incarnation.to_bytes(8, "little"), 0)

    def belongs_to(self, incarnation: int) -> bool:
        """Tell whether the regions are those of this incarnation of a run."""
        return os.pread(self._descriptor, 8, 0) == incarnation.to_bytes(8, "little")

    @property
    def weights(self) -> NDArray[np.uint8]:
        """The bytes of the weights."""
        return self._bytes(_HEAD)

    def has(self, slot: int, region: int) -> bool:
        """Tell whether there is such a region for a reply."""
        return 1 <= slot <= self._slots and 0 <= region - self._least < self._regions

    def reply(self, slot: int, region: int) -> NDArray[np.uint8]:
        """The bytes of a reply.  slot: of its worker, from 1.  region: of the slot."""
        number = (slot - 1) * self._regions + region - self._least
        return self._bytes(self._first + number * self._stride)

    def _bytes(self, start: int) -> NDArray[np.uint8]:
        if self._memory is None:
            self._memory = np.frombuffer(mmap.mmap(self._descriptor, self.nbytes), np.uint8)
        return self._memory[start : start + self._content]
