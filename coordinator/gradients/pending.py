"""A step that is being computed: its requests, and which of them are answered."""

from collections.abc import Sequence
from enum import Enum, auto

from coordinator.accounting import EpochCounts
from coordinator.gradients.base import StepResult
from shared.data.sampler import Step
from shared.messaging.records import Kind, Record
from shared.parallel.sharding import block_width
from shared.types import Array, Vector


class Verdict(Enum):
    """What a reply is to the pending step."""

    ANSWER = auto()  # the first to one of its requests
    DUPLICATE = auto()  # another one to a request that is answered
    LATE = auto()  # to a step that is over
    WRONG = auto()  # to nothing that was ever requested


class PendingStep:
    """The requests of one step. Each covers a block of the shards' tree and is answered exactly once."""

    def __init__(self, incarnation: int, step: Step, bounds: Sequence[int], workers: int) -> None:
        """Cut the step into blocks of shards, at least as many as there are workers if there are the shards.

        bounds: where its shards begin, and its end.
        """
        self.step, self._bounds = step, bounds
        n_shards = len(bounds) - 1
        self._width = block_width(n_shards, workers)
        self.requests = [
            Record(Kind.REQUEST, incarnation, step.number, first, min(first + self._width, n_shards))
            for first in range(0, n_shards, self._width)
        ]
        self._answers: list[tuple[Array, Vector] | None] = [None] * len(self.requests)
        self.missing = len(self.requests)
        self.counts = EpochCounts(requests=self.missing)
        self._n_samples = 0  # that accepted replies stand for

    def judge(self, reply: Record) -> Verdict:
        """Return what this reply of our incarnation is to us."""
        if reply.step != self.step.number:
            return Verdict.LATE if reply.step < self.step.number else Verdict.WRONG
        number = reply.first // self._width
        if number >= len(self.requests):
            return Verdict.WRONG
        request = self.requests[number]
        n_samples = self._bounds[request.stop] - self._bounds[request.first]
        if reply.identity != request.identity or reply.samples != n_samples:
            return Verdict.WRONG
        return Verdict.ANSWER if self._answers[number] is None else Verdict.DUPLICATE

    def accept(self, reply: Record, message: Array, gradient: Vector) -> None:
        """Keep a reply that was judged an answer.  gradient: in the message's memory."""
        self._answers[reply.first // self._width] = message, gradient
        self._n_samples += reply.samples
        self.missing -= 1

    def unanswered(self) -> list[Record]:
        """Return the requests that no reply has come to."""
        return [request for request, answer in zip(self.requests, self._answers, strict=True) if answer is None]

    def messages(self) -> list[Array]:
        """Return the memory of the answers."""
        return [answer[0] for answer in self._answers if answer is not None]

    def gradients(self) -> list[Vector]:
        """Return the answers' gradients, in the order of the shards."""
        return [answer[1] for answer in self._answers if answer is not None]

    def result(self, total: Vector, excluded: tuple[str, ...]) -> StepResult:
        """Return what came of the step.  total: of all shards.  excluded: who gets no more work since."""
        return StepResult(total, self._n_samples, self.counts, excluded)
