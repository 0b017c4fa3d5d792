"""What a worker says to the coordinator of a lease."""

import struct
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
from shared.messaging.seals import digest


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
        replies = Keys(str(fields["run"]), int(fields["incarnation"], 16)).replies
        record = Record(Kind.REFUSED, 0, number=int(fields["number"])).encode()
    except (KeyError, TypeError, ValueError, struct.error):  # even that has changed
        return
    with suppress(QueueError, UnicodeError), closing(client(url)) as redis:
        redis.rpush(replies, record + worker.encode())
        redis.expire(replies, LIFETIME)
