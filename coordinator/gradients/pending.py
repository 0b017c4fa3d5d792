"""What a step asks of the workers, and which of it is answered."""

from enum import Enum, auto
from typing import Any

from numpy.typing import NDArray

from shared.messaging.records import Kind, Record

Array = NDArray[Any]


class Verdict(Enum):
    """What a reply is to the step that asks."""

    ANSWER = auto()  # the first to one of its requests
    DUPLICATE = auto()  # another one to a request that is answered
    LATE = auto()  # to a step that is over
    WRONG = auto()  # to nothing that was ever asked


class PendingStep:
    """The requests of one step. Each covers a block of the parts' tree and is answered exactly once."""

    def __init__(self, incarnation: int, step: int, rows: Array, bounds: list[int], workers: int) -> None:
        """Cut the step's parts into blocks, at least as many as there are workers if there are the parts.

        rows: the step's samples.  bounds: where its parts begin, and its end.
        """
        self.step, self.rows = step, rows
        self._bounds = bounds
        n_parts = len(bounds) - 1
        # Blocks of the tree are as wide as a power of two, so that adding them goes on where the workers stop.
        self._width = 1
        while -(-n_parts // (2 * self._width)) >= min(workers, n_parts):
            self._width *= 2
            if self._width >= n_parts:
                break
        self.requests = [
            Record(Kind.REQUEST, incarnation, step, first, min(first + self._width, n_parts))
            for first in range(0, n_parts, self._width)
        ]
        self._replies: list[Array | None] = [None] * len(self.requests)
        self.n_samples = 0  # that accepted replies stand for
        self.missing = len(self.requests)

    def judge(self, reply: Record) -> Verdict:
        """Return what this reply of our incarnation is to us."""
        if reply.step != self.step:
            return Verdict.LATE if reply.step < self.step else Verdict.WRONG
        number = reply.first // self._width
        if number >= len(self.requests):
            return Verdict.WRONG
        request = self.requests[number]
        n_samples = self._bounds[request.stop] - self._bounds[request.first]
        if reply.identity != request.identity or reply.samples != n_samples:
            return Verdict.WRONG
        return Verdict.ANSWER if self._replies[number] is None else Verdict.DUPLICATE

    def accept(self, reply: Record, content: Array) -> None:
        """Keep a reply that was judged an answer."""
        self._replies[reply.first // self._width] = content
        self.n_samples += reply.samples
        self.missing -= 1

    def unanswered(self) -> list[Record]:
        """Return the requests that no reply has come to."""
        return [request for request, reply in zip(self.requests, self._replies, strict=True) if reply is None]

    def replies(self) -> list[Array]:
        """Return what has come, in the order of the parts."""
        return [reply for reply in self._replies if reply is not None]
