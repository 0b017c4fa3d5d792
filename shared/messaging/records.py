"""What coordinator and workers say to each other: leases as JSON through Celery, the rest as binary records."""

import hashlib
import json
import struct
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, NamedTuple, Self

from shared.config import TrainConfig
from shared.errors import MessageError, VersionError

LEASE_TASK = "gradmq.lease"
LIFETIME = 60  # seconds that requests and replies outlive their last use in Redis
OVER_LIFETIME = 5  # seconds that the sign of a window's end stays for those who are about to look
VERSION = 4  # of these messages and of what decides the bits: who speaks another cannot take part


class Kind(IntEnum):
    """What a record is."""

    WEIGHTS = 1  # coordinator, beside the requests: the weights of `step`, in window `number`
    REQUEST = 2  # coordinator: compute shards `first` to `stop - 1` of `step`
    OVER = 3  # coordinator: the window is over
    REPLY = 4  # worker in lease `number`: the gradient summed over these shards
    JOINED = 5  # worker: lease `number` is taken; its name follows
    LEFT = 6  # worker: lease `number` is given up
    NEEDS_DATA = 7  # worker: lease `number` has no copy of the training samples
    LEAVING = 8  # worker: lease `number` is given up, and no other will be taken; its name follows
    REFUSED = 9  # worker: it does not speak the version of its lease; its name follows
    NEEDS_WEIGHTS = 10  # worker: lease `number` does not share the coordinator's memory


# magic, version, kind, incarnation, step, first, stop, samples, number, dtype, place; padded so that what follows is
# aligned. In every version the first two are where they are here, and a name follows after as many bytes.
_RECORD = struct.Struct("<3sBB3xQQIIIIBxH20x")
_MAGIC = b"GMQ"
RECORD_BYTES = _RECORD.size


class Record(NamedTuple):
    """One message of the exchange, named by what it is about, however often it is sent."""

    kind: int
    incarnation: int  # which life of the coordinator, 64 random bits
    step: int = 0  # in the run, from 0
    first: int = 0  # shard
    stop: int = 0  # shard after the last
    samples: int = 0  # how many a reply's gradient is summed over
    number: int = 0  # of the lease or the window
    dtype: int = 0  # of what follows: NumPy's character for it
    place: int = 0  # of the worker in the shared memory where the content is, from 1; 0: it follows

    @property
    def identity(self) -> tuple[int, ...]:
        """What request and reply have in common: (incarnation, step, first, stop)."""
        return self[1:5]

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


class Keys:
    """The Redis keys of one life of one run. All begin with gradmq: and expire."""

    def __init__(self, run: str, incarnation: int) -> None:
        self._prefix = f"gradmq:{run}:{incarnation:016x}"
        self.weights = f"{self._prefix}:weights"
        self.replies = f"{self._prefix}:replies"
        self.life = f"gradmq:{run}:life"  # holds the incarnation of the run's coordinator

    def requests(self, window: int) -> str:
        return f"{self._prefix}:requests:{window}"


@dataclass(frozen=True)
class Lease:
    """One worker's place in a window: what a Celery task carries."""

    run: str
    incarnation: int
    config: TrainConfig
    data_sha256: str  # of the training samples
    epoch: int
    first: int  # mini-batch of the epoch
    stop: int  # mini-batch after the last
    window: int  # its number in this life of the run
    number: int  # of the lease in this life of the run
    label: str  # which of how many, for people: 1/2
    excluded: tuple[str, ...]  # names of the workers that get no work in this window

    @property
    def name(self) -> str:
        """What a person reads in Flower."""
        what = "averages" if self.config.local_steps else "mini-batches"
        return f"epoch {self.epoch}, {what} {self.first}–{self.stop - 1}, lease {self.label}"

    def to_json(self) -> dict[str, Any]:
        # The incarnation has 64 bits, more than every JSON reader keeps.
        fields = {**asdict(self), "config": self.config.to_json(), "incarnation": f"{self.incarnation:016x}"}
        return {"version": VERSION, "sha256": _digest(fields), **fields}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Lease":
        """Rebuild a lease.  Raises VersionError for one of another version, MessageError for a damaged one."""
        fields = dict(fields)
        version = fields.pop("version", None)
        if version != VERSION:
            raise VersionError(
                f"the coordinator speaks version {version} of GradMQ's messages, this worker {VERSION}; "
                "install the same GradMQ on both sides"
            )
        # A lease with another seed, say, would have a worker compute something else in good faith.
        if fields.pop("sha256", None) != _digest(fields):
            raise MessageError("a lease is not as it was given out; it will be given out again")
        fields["excluded"] = tuple(fields["excluded"])
        fields["config"] = TrainConfig.from_json(fields["config"])
        fields["incarnation"] = int(fields["incarnation"], 16)
        return cls(**fields)


def _digest(fields: dict[str, Any]) -> str:
    """Return the digest of a lease's fields, whatever their order."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
