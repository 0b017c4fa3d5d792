"""An audit by workers: what one has answered is asked of another, and both must say the same."""

from hashlib import blake2b
from typing import NamedTuple

from shared.messaging.records import Record
from shared.types import Vector


class Opinion(NamedTuple):
    """What a worker has answered."""

    worker: str
    reply: Record
    digest: bytes  # of its gradient

    @classmethod
    def of(cls, worker: str, reply: Record, gradient: Vector) -> "Opinion":
        return cls(worker, reply, gradient_digest(gradient))

    def agrees(self, other: "Opinion") -> bool:
        """Tell whether another answered the same to the last bit."""
        return self.digest == other.digest and self.reply.score == other.reply.score


class SecondRequest(NamedTuple):
    """A request for what has been answered already, and whose holder finds it in its own list."""

    data: bytes
    lease: int


def gradient_digest(gradient: Vector) -> bytes:
    """Return a digest of a gradient's values: one that who knows it cannot find another gradient for.

    Of zeros, the signs may differ between machines.
    """
    return blake2b((gradient + 0.0).data, digest_size=16).digest()
