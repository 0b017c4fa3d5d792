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
from shared.messaging.seals import digest
from shared.messaging.sockets import Item

PUSH_ANSWERS = 2  # of Redis to one push


def push(key: str, value: bytes | tuple[Item, ...], lifetime: int = LIFETIME) -> list[Item]:
    """Encode a push; like every key, the list expires.  Redis gives PUSH_ANSWERS."""
    return [*encode("RPUSH", key, value), *encode("EXPIRE", key, lifetime)]


class Notices:
    """What there is to tell of one lease, as the content of a message."""

    def __init__(self, lease: Lease, worker: str, kernels: Kernels, credential: int) -> None:
        """worker: our name, for people.  credential: ours in the lease's run."""
        self._key, self.credential = lease.key, credential
        self._record = Record(Kind.JOINED, lease.incarnation, number=lease.number, credential=credential)
        self._introduction = Introduction(worker, kernels).encode()

    def joined(self) -> bytes:
        return self._notice(Kind.JOINED, self._introduction)

    def left(self, leaving: bool) -> bytes:
        """leaving: whether this worker will take no other lease."""
        return self._notice(Kind.LEAVING if leaving else Kind.LEFT)

    def too_large(self) -> bytes:
        return self._notice(Kind.TOO_LARGE, self._introduction)

    def needs_samples(self, part: Part) -> bytes:
        return self._notice(Kind.NEEDS_SAMPLES, first=part)

    def needs_weights(self, step: int, token: int) -> bytes:
        """token: of the request whose weights are not there."""
        return self._notice(Kind.NEEDS_WEIGHTS, step=step, token=token)

    def _notice(self, kind: Kind, content: bytes = b"", **fields: int) -> bytes:
        return self._record._replace(kind=kind, content=digest(content), **fields).encode(self._key) + content


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
