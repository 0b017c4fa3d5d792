"""What a step asks of the workers, and which of it is answered."""

from typing import Any

from numpy.typing import NDArray

from shared.messages import Kind, Record
from shared.sgd import shard_bounds

Array = NDArray[Any]


class Ask:
    """The requests of one step. Each covers a block of the shards' tree and is answered exactly once."""

    def __init__(self, incarnation: int, step: int, n_samples: int, shards: int, workers: int) -> None:
        """Cut the mini-batch's shards into blocks, at least as many as there are workers if there are the shards."""
        self._bounds = shard_bounds(n_samples, shards)
        n_shards = len(self._bounds) - 1
        # Blocks of the tree are as wide as a power of two, so that adding them goes on where the workers stop.
        self._width = 1
        while -(-n_shards // (2 * self._width)) >= min(workers, n_shards):
            self._width *= 2
            if self._width >= n_shards:
                break
        self._requests = [
            Record(Kind.REQUEST, incarnation, step, first, min(first + self._width, n_shards))
            for first in range(0, n_shards, self._width)
        ]
        self._replies: list[Array | None] = [None] * len(self._requests)
        self.step = step
        self.n_samples = 0  # that accepted replies stand for
        self.missing = len(self._requests)

    def accept(self, reply: Record, content: Array) -> bool:
        """Keep the reply if it is the first to one of these requests; tell whether it was.

        One of another step or incarnation, or one that was given before, changes nothing.
        """
        number = reply.first // self._width
        if number >= len(self._requests) or self._replies[number] is not None:
            return False
        request = self._requests[number]
        n_samples = self._bounds[request.stop] - self._bounds[request.first]
        if reply.identity != request.identity or reply.samples != n_samples:
            return False
        self._replies[number] = content
        self.n_samples += n_samples
        self.missing -= 1
        return True

    def unanswered(self) -> list[Record]:
        """Return the requests that no reply has come to."""
        return [request for request, reply in zip(self._requests, self._replies, strict=True) if reply is None]

    def replies(self) -> list[Array]:
        """Return what has come, in the order of the shards."""
        return [reply for reply in self._replies if reply is not None]
