"""A step that is being computed: its requests, and what of it is answered."""

from collections.abc import Iterable
from enum import Enum, auto
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from coordinator.gradients.opinions import Opinion, SecondRequest
from coordinator.gradients.totals import Total
from coordinator.workers.cuts import Piece, equal_bounds, pieces
from shared.accounting import EpochCounts
from shared.data.sampler import Step
from shared.messaging.records import OWN, Kind, Record, token_of
from shared.messaging.seals import Key
from shared.nn.score import ScoreSum
from shared.parallel.work import Work
from shared.training.gradients import StepResult
from shared.types import Array, Vector

_ANSWERED = b"\1"


class Verdict(Enum):
    """What a reply is to the pending step."""

    ANSWER = auto()  # the first to one of its requests
    DUPLICATE = auto()  # another one to a request that is answered, or to a part of it
    LATE = auto()  # to a step that is over
    FOREIGN = auto()  # to a request that we never made
    WRONG = auto()  # what no answer to its request can be


class Request(NamedTuple):
    """A request that waits for its reply, and who is to answer it."""

    record: Record
    data: bytes  # the record, sealed
    lease: int | None  # whose holder finds it in its own list; None: it is in the common one


class PendingStep:
    """The requests of one step, each for some of its units. Every unit is in one reply that counts, and in no other."""

    def __init__(self, incarnation: int, step: Step, work: Work, total: Total, key: Key, content: int = 0) -> None:
        """Begin with nothing requested.

        work: what the step's units are.  total: takes the gradients.  key: our own, with which requests are sealed.
        content: digest of the weights as they are sent, 0 if they are in shared memory.
        """
        self._key, self.content = key, content
        self.step, self.work, self._total = step, work, total
        self._incarnation, self._bounds = incarnation, work.bounds(len(step.rows))
        self.n_units = len(self._bounds) - 1
        self._reply = Kind.SCORE if work.evaluates else Kind.REPLY
        self._waiting: dict[tuple[int, int], Request] = {}  # by units: together they are all that are unanswered
        self._requested: dict[int, tuple[int, int]] = {}  # units of all that was ever requested, by its token
        self._unnamed: frozenset[int] = frozenset()  # tokens of those for weights in shared memory
        self._asked: dict[int, tuple[int, int]] = {}  # units, by the lease whose holder alone was asked for them
        self._answered = bytearray(self.n_units)  # for each unit, whether a reply that counts has it
        self._region = 0  # of the latest request for anyone
        self._was_divided = False  # whether a late request was
        self.withdrawn: list[bytes] = []  # requests that nobody need answer any more, until somebody takes note
        self.counts = EpochCounts()
        self.liars: list[str] = []  # whose numbers an audit found wrong
        self.opinions: dict[int, Opinion] = {}  # that another's is awaited of, by the token of the request for it
        self.second_requests: list[SecondRequest] = []  # for others' opinions, until somebody sends them
        self._score = ScoreSum()  # of the accepted replies

    @property
    def name(self) -> str:
        """What a person reads of the step."""
        step = self.step
        if self.work.evaluates:
            return f"epoch {step.epoch}'s evaluation on {step.part} samples"
        return f"step {step.number}"

    @property
    def is_requested(self) -> bool:
        """Whether the step was cut into requests."""
        return bool(self._requested)

    @property
    def missing(self) -> int:
        """How many replies are missing, as far as can be said: so many more must be accepted at least."""
        # Of a request and its parts either the one or the others are answered.
        answers = min(len(self._waiting), 1) if self._was_divided else len(self._waiting)
        return answers + len(self.opinions)

    @property
    def waiting(self) -> list[Request]:
        """The requests that wait for replies."""
        return [*self._waiting.values()]

    @property
    def owing(self) -> set[int] | None:
        """The leases whose holders owe what they alone were asked for; None if all was requested of anyone.

        Once a part of it is answered, by whomever, it is no longer owed.
        """
        if not self._asked:
            return None
        return {lease for lease, (first, stop) in self._asked.items() if not self._is_answered(first, stop)}

    def request(self, pieces: Iterable[Piece]) -> None:
        """Have these pieces requested. They are the whole step, or what takes the place of a request."""
        for first, stop, lease in pieces:
            if lease is None:
                self._region += 1
            else:
                self._asked[lease] = first, stop
            record = Record(
                Kind.REQUEST,
                self._incarnation,
                self.step.number,
                first,
                stop,
                region=self._region if lease is None else OWN,
                content=self.content,
            )
            self._wait_for(record, lease)

    def _wait_for(self, record: Record, lease: int | None) -> None:
        data, units = record.encode(self._key), (record.first, record.stop)
        self._waiting[units] = Request(record, data, lease)
        self._requested[token_of(data)] = units

    def renew(self, content: int) -> None:
        """Have what waits requested with another digest of the weights: they are sent in another way from now on."""
        if not self.content:
            self._unnamed = frozenset(self._requested)
        self.content = content
        for record, _, lease in self.waiting:
            self._wait_for(record._replace(content=content), lease)

    def request_of_anyone(self, request: Request, parts: int = 1) -> list[bytes]:
        """Request of anyone what waits for a reply, in so many parts if there are the units; return what to send."""
        first, stop = request.record.first, request.record.stop
        bounds = equal_bounds(first, stop, parts)
        if len(bounds) == 2 and request.lease is None:
            return [request.data]  # sending it again does no harm
        del self._waiting[first, stop]
        if len(bounds) > 2:
            self._was_divided = True
        self.request(pieces(bounds))
        return [self._waiting[piece].data for piece in pairwise(bounds)]

    def ask_another(self, opinion: Opinion, lease: int) -> None:
        """Have the holder of that lease asked for what another has answered; the step waits for both."""
        reply = opinion.reply
        self._region += 1  # of its own list there is another request in this step
        record = Record(
            *(Kind.REQUEST, self._incarnation, self.step.number, reply.first, reply.stop),
            region=self._region,
            content=self.content,
        )
        data = record.encode(self._key)
        self._requested[token_of(data)] = reply.first, reply.stop
        self.opinions[token_of(data)] = opinion
        self.second_requests.append(SecondRequest(data, lease))

    def has_requested(self, token: int) -> bool:
        """Tell whether a request of that token was made."""
        return token in self._requested

    def names_weights(self, token: int) -> bool:
        """Tell whether the request of that token has the digest of weights that whoever takes it finds in Redis."""
        return bool(self.content) and token in self._requested and token not in self._unnamed

    def judge(self, reply: Record) -> Verdict:
        """Return what this reply of our incarnation is to us."""
        if reply.step != self.step.number:
            return Verdict.LATE if reply.step < self.step.number else Verdict.FOREIGN
        first, stop = reply.first, reply.stop
        if reply.incarnation != self._incarnation or self._requested.get(reply.token) != (first, stop):
            return Verdict.FOREIGN
        if reply.kind != self._reply or reply.samples != self._bounds[stop] - self._bounds[first]:
            return Verdict.WRONG
        if not reply.score.is_possible:
            return Verdict.WRONG
        return Verdict.DUPLICATE if self._is_answered(first, stop) else Verdict.ANSWER

    def accept(self, worker: str, reply: Record, message: Array, gradient: Vector) -> None:
        """Add a reply that was judged an answer, and enter it for who computed it.

        gradient: in the message's memory, which is ours now.
        """
        first, stop = reply.first, reply.stop
        self.counts.answered(worker, reply.samples, self.work.evaluates)
        self._answered[first:stop] = _ANSWERED * (stop - first)
        if self._waiting.pop((first, stop), None) is None:  # parts of it were requested since, and take its place
            parts = [piece for piece in self._waiting if first <= piece[0] < stop]
            self.withdrawn += [self._waiting.pop(piece).data for piece in parts]
        self.counts.requests += 1  # the parts that the step was made of in the end
        self._score.add(reply.score)
        self._total.add(first, message, gradient)

    def result(self, excluded: tuple[str, ...]) -> StepResult:
        """Return what came of the step, when no reply is missing, or liars were named and it is not to be taken.

        excluded: who gets no more work since.
        """
        total = np.empty(0) if self.missing else self._total.sum()
        return StepResult(total, self._score.total, self.counts, excluded, tuple(self.liars))

    def _is_answered(self, first: int, stop: int) -> bool:
        """Tell whether one of these units at least is answered."""
        return self._answered.find(_ANSWERED, first, stop) >= 0
