"""What coordinator and workers say to each other step by step: binary records."""

import struct
from enum import IntEnum
from hashlib import blake2b
from typing import NamedTuple, Self

from shared.messaging.seals import SEAL_BYTES, Key
from shared.nn.score import Score

VERSION = 9  # of records and leases, and of what decides the bits: who speaks another cannot take part


class Kind(IntEnum):
    """What a record is."""

    WEIGHTS = 1  # coordinator, beside the requests: the weights of `step`, in window `number`
    REQUEST = 2  # coordinator: compute units `first` to `stop - 1` of `step`
    OVER = 3  # coordinator: the window is over
    REPLY = 4  # worker in lease `number`: the gradient summed over these units, and their score
    JOINED = 5  # worker: lease `number` is taken; an introduction follows
    LEFT = 6  # worker: lease `number` is given up
    NEEDS_SAMPLES = 7  # worker: lease `number` has no copy of the samples of part `first`
    LEAVING = 8  # worker: lease `number` is given up, and no other will be taken
    REFUSED = 9  # worker: it does not speak the version of its lease; its name follows
    NEEDS_WEIGHTS = 10  # worker: lease `number` does not have the weights of `step`, or not those that were sent
    SCORE = 11  # worker in lease `number`: the score of these units, which are of an evaluation
    TOO_LARGE = 12  # worker: lease `number` takes more memory than it has, and is given up; an introduction follows


# magic, version, kind, incarnation, step, first, stop, samples, number, dtype, slot, region, cost, correct, content,
# token, credential; padded so that what follows the seal is aligned. In every version the first two are where they are
# here.
_BODY = struct.Struct("<3sBB3xQQIIIIBxHIdI4xQQQ")
_MAGIC = b"GMQ"
_NO_SEAL = bytes(SEAL_BYTES)
OWN = 0  # region of a request in a worker's own list; those of the common list are numbered from 1
_BODY_BYTES = _BODY.size
RECORD_BYTES = _BODY_BYTES + SEAL_BYTES  # after which a name or a tensor may follow
_UNTIL_7, _OF_8 = 64, 88  # bytes of a record up to version 7, without digests and seals, and of 8, without credentials


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
    content: int = 0  # digest of the weights as they are sent, or of the gradient; 0: they go through shared memory
    token: int = 0  # of a reply: which request it answers, see `token_of`; of NEEDS_WEIGHTS too
    credential: int = 0  # of the worker who says it, see `shared.messaging.identities`

    @property
    def identity(self) -> tuple[int, ...]:
        """What request and reply have in common: (incarnation, step, first, stop)."""
        return self[1:5]

    @property
    def score(self) -> Score:
        """What a reply says of its samples."""
        return Score(self.correct, self.cost, self.samples)

    def encode(self, key: Key | None = None) -> bytes:
        """Return the record as bytes, sealed if a key is given."""
        body = _BODY.pack(_MAGIC, VERSION, *self)
        return body + (_NO_SEAL if key is None else key.seal(body))

    @classmethod
    def decode(cls, data: bytes | memoryview) -> Self | None:
        """Return the record at the start of `data`, or None if there is none of this version."""
        if len(data) < RECORD_BYTES:
            return None
        magic, version, *fields = _BODY.unpack_from(data)
        if magic != _MAGIC or version != VERSION:
            return None
        return cls(*fields)


def is_sealed(data: bytes | memoryview, key: Key | None) -> bool:
    """Tell whether the record at the start of `data` is sealed with that key; with none, nothing is."""
    return key is not None and key.seal(data[:_BODY_BYTES]) == data[_BODY_BYTES:RECORD_BYTES]


def token_of(data: bytes | memoryview) -> int:
    """Return what a reply says of the request that it answers, as it came: its BLAKE2b, of which no bit may differ."""
    return int.from_bytes(blake2b(data[:RECORD_BYTES], digest_size=8).digest(), "little")


def foreign_version(data: bytes | memoryview) -> tuple[int, int] | None:
    """Return of a record of another version than ours which that is, and after how many bytes a name follows."""
    magic, version = bytes(data[:3]), data[3] if len(data) >= _UNTIL_7 else VERSION
    if magic != _MAGIC or version == VERSION:
        return None
    return version, _UNTIL_7 if version <= 7 else _OF_8 if version == 8 else RECORD_BYTES
