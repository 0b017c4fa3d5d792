"""What a worker says to the coordinator, as commands for Redis."""

from contextlib import closing, suppress
from typing import Any

from shared.data.parts import Part
from shared.environment import Kernels
from shared.errors import QueueError
from shared.messaging.client import client
from shared.messaging.introduction import Introduction
from shared.messaging.keys import LIFETIME, Keys
from shared.messaging.lease import Lease
from shared.messaging.records import Kind, Record
from shared.messaging.resp import encode
from shared.messaging.seals import digest, key_of
from shared.messaging.sockets import Item

PUSH_ANSWERS = 2  # of Redis to one push


def push(key: str, value: bytes | tuple[Item, ...], lifetime: int = LIFETIME) -> list[Item]:
    """Encode a push; like every key, the list expires.  Redis gives PUSH_ANSWERS."""
    return [*encode("RPUSH", key, value), *encode("EXPIRE", key, lifetime)]


class Notices:
    """What there is to tell of one lease, as the content of a message."""

    def __init__(self, lease: Lease, worker: str, kernels: Kernels) -> None:
        self._incarnation, self._number, self._key = lease.incarnation, lease.number, key_of(lease.secret)
        self._name, self._introduction = worker.encode(), Introduction(worker, kernels).encode()

    def joined(self) -> bytes:
        return self._notice(Kind.JOINED, self._introduction)

    def left(self, leaving: bool) -> bytes:
        """leaving: whether this worker will take no other lease."""
        return self._notice(Kind.LEAVING, self._name) if leaving else self._notice(Kind.LEFT)

    def needs_samples(self, part: Part) -> bytes:
        return self._notice(Kind.NEEDS_SAMPLES, first=part)

    def needs_weights(self, step: int) -> bytes:
        return self._notice(Kind.NEEDS_WEIGHTS, step=step)

    def _notice(self, kind: Kind, content: bytes = b"", step: int = 0, first: int = 0) -> bytes:
        record = Record(kind, self._incarnation, step, first, number=self._number, content=digest(content))
        return record.encode(self._key) + content


def refuse(fields: dict[str, Any], url: str, worker: str) -> None:
    """Tell the coordinator of a lease of another version who cannot work in it, as far as that can be told."""
    try:
        keys = Keys(str(fields["run"]), int(fields["incarnation"], 16))
        number = int(fields["number"])
    except (KeyError, TypeError, ValueError):  # even that has changed
        return
    with suppress(QueueError), closing(client(url)) as redis:
        redis.rpush(keys.replies, Record(Kind.REFUSED, 0, number=number).encode() + worker.encode())
        redis.expire(keys.replies, LIFETIME)
