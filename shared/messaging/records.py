"""What coordinator and workers say to each other step by step: binary records."""

import struct
from enum import IntEnum
from typing import NamedTuple, Self

from shared.nn.score import Score

VERSION = 7  # of records and leases, and of what decides the bits: who speaks another cannot take part


class Kind(IntEnum):
    """What a record is."""

    WEIGHTS = 1  # coordinator, beside the requests: the weights of `step`, in window `number`
    REQUEST = 2  # coordinator: compute units `first` to `stop - 1` of `step`
    OVER = 3  # coordinator: the window is over
    REPLY = 4  # worker in lease `number`: the gradient summed over these units, and their score
    JOINED = 5  # worker: lease `number` is taken; an introduction follows
    LEFT = 6  # worker: lease `number` is given up
    NEEDS_SAMPLES = 7  # worker: lease `number` has no copy of the samples of part `first`
    LEAVING = 8  # worker: lease `number` is given up, and no other will be taken; its name follows
    REFUSED = 9  # worker: it does not speak the version of its lease; its name follows
    NEEDS_WEIGHTS = 10  # worker: lease `number` does not share the coordinator's memory
    SCORE = 11  # worker in lease `number`: the score of these units, which are of an evaluation


# magic, version, kind, incarnation, step, first, stop, samples, number, dtype, slot, region, cost, correct; padded so
# that what follows is aligned. In every version the first two are where they are here, and a name follows after as many
# bytes.
_RECORD = struct.Struct("<3sBB3xQQIIIIBxHIdI4x")
_MAGIC = b"GMQ"
OWN = 0  # region of a request in a worker's own list; those of the common list are numbered from 1
RECORD_BYTES = _RECORD.size


class Record(NamedTuple):
    """One message, named by what it is about, however often it is sent."""

    kind: int
    incarnation: int  # of the run: which coordinator process, as 64 random bits
    step: int = 0  # in the run, from 0
    first: int = 0  # unit, as `shared.parallel.work` tells of them; or the part of the data that is needed
    stop: int = 0  # unit after the last
    samples: int = 0  # how many a reply is summed over
    number: int = 0  # of the lease or the window
    dtype: int = 0  # of the gradient: NumPy's character for it
    slot: int = 0  # of the worker in the shared memory where the content is, from 1; 0: it follows
    region: int = OWN  # of the slot that takes the reply to a request, see `shared.transport.regions`
    cost: float = 0.0  # of these samples, summed
    correct: int = 0  # of them

    @property
    def identity(self) -> tuple[int, ...]:
        """What request and reply have in common: (incarnation, step, first, stop)."""
        return self[1:5]

    @property
    def score(self) -> Score:
        """What a reply says of its samples."""
        return Score(self.correct, self.cost, self.samples)

    def encode(self) -> bytes:
        return _RECORD.pack(_MAGIC, VERSION, *self)

    @classmethod
    def decode(cls, data: bytes | memoryview) -> Self | None:
        """Return the record at the start of `data`, or None if there is none of this version."""
        if len(data) < RECORD_BYTES:
            return None
        magic, version, *fields = _RECORD.unpack_from(data)
        if magic != _MAGIC or version != VERSION:
            return None
        return cls(*fields)


def foreign_version(data: bytes | memoryview) -> int | None:
    """Return the version of a record that is of another one than ours."""
    magic, version = bytes(data[:3]), data[3] if len(data) >= RECORD_BYTES else VERSION
    return version if magic == _MAGIC and version != VERSION else None
