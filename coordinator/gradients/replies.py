"""What workers tell the coordinator, and what it means."""

import logging
from enum import Enum, auto

import numpy as np

from coordinator.gradients.audit import Audit
from coordinator.gradients.opinions import Opinion, gradient_digest
from coordinator.gradients.pending import PendingStep, Verdict
from coordinator.workers.workforce import Workforce
from shared.accounting import COORDINATOR, UNKNOWN, WorkerCounts
from shared.config import TrainConfig
from shared.data.parts import Part
from shared.environment import Kernels
from shared.messaging.identities import id_of
from shared.messaging.introduction import LONGEST, Introduction, printable
from shared.messaging.records import RECORD_BYTES, VERSION, Kind, Record, foreign_version, is_sealed
from shared.messaging.seals import CoordinatorKeys, digest
from shared.nn.evaluation import is_finite
from shared.nn.parameters import Parameters
from shared.transport.base import CoordinatorTransport
from shared.types import Array, Vector

_DUPLICATE, _LATE, _REJECTED = WorkerCounts(duplicate=1), WorkerCounts(late=1), WorkerCounts(rejected=1)
_NOTHING: Vector = np.empty(0)  # the gradient of an evaluation
_NO_KERNELS = Kernels("", "")
_MOST_NAMED = 100  # names of whose messages we complain; who may send any may invent as many
_STRANGE = "too many speak in lease %d; whoever invents them has read it in Celery's queue"

log = logging.getLogger(__name__)


class Meaning(Enum):
    """What follows from a message."""

    ANSWER = auto()  # a request is answered; the message's memory is the pending step's from now on
    LEFT = auto()  # a lease was given up, perhaps with something to compute
    NEEDS_SAMPLES = auto()  # a worker has no copy of some samples, see `Replies.needed`
    NEEDS_WEIGHTS = auto()  # a worker does not have this step's weights
    NOTHING = auto()  # all that follows has been noted


class Replies:
    """Judges the workers' messages: a reply counts once, to the request that it answers, or not at all.

    Nothing counts that is not sealed with the secret of a lease.
    """

    def __init__(
        self,
        incarnation: int,
        keys: CoordinatorKeys,
        config: TrainConfig,
        workforce: Workforce,
        transport: CoordinatorTransport,
        audit: Audit,
    ) -> None:
        self._incarnation, self._keys, self._any_order = incarnation, keys, config.any_order
        self._dtype = ord(config.numpy_dtype.char)
        self._units = config.strategy.units
        self.message_bytes = max(transport.message_bytes, RECORD_BYTES + LONGEST)
        self._workforce, self._transport, self._audit = workforce, transport, audit
        self._named: set[str] = set()  # whose messages we have complained of
        self.needed = Part.TRAINING  # of which samples a worker needs a copy, if the latest message says that of one

    def take(
        self, message: Array, size: int, pending: PendingStep, weights: Parameters, waited: float | None
    ) -> Meaning:
        """Take note of a message, and return what else follows from it.

        message: (message_bytes,) uint8, of which the first `size` were received; if it was longer, none of it was.
        weights: what the step is computed with.  waited: seconds that we have waited since it was published, None if
        some of it was requested again.
        """
        if size > len(message):
            return self._reject(pending, UNKNOWN, f"{size} bytes, more than any message has")
        record = Record.decode(message[:size].data)
        if record is None:
            return self._refuse(pending, message[:size])
        if record.kind == Kind.REFUSED:
            what = "it cannot compute what this run asks for"
            return self._complain(_text(message[RECORD_BYTES:size]), what)
        replies = record.kind in (Kind.REPLY, Kind.SCORE)
        if record.incarnation != self._incarnation:
            if not replies:
                return Meaning.NOTHING
            return self._reject(pending, UNKNOWN, "a reply of another run, or of another incarnation of this one")
        if not is_sealed(message[:RECORD_BYTES].data, self._keys.of_lease(record.number)):
            self._workforce.changed_leases.misfit()
            return self._reject(pending, UNKNOWN, f"it is not sealed by who holds lease {record.number}")
        if not replies and digest(message[RECORD_BYTES:size].data) != record.content:
            return self._reject(pending, UNKNOWN, f"a notice of lease {record.number} is not as it was sent")
        leases, roster = self._workforce.leases, self._workforce.roster
        if not (roster.knows(record.credential) or leases.has(record.number)):
            # Who speaks for the first time does so in the current window. Whoever it is, it is late.
            return self._drop(pending, UNKNOWN, _LATE) if replies else Meaning.NOTHING
        name, kernels = "", _NO_KERNELS
        if record.kind in (Kind.JOINED, Kind.TOO_LARGE):
            name, kernels = Introduction.decode(message[RECORD_BYTES:size].tobytes())
        worker = roster.called(record.credential, record.number, name)
        if not leases.heard(record.number, worker):
            return self._reject(pending, UNKNOWN, _STRANGE % record.number)
        if replies:
            return self._reply(worker, record, message, size, pending, weights, waited)
        match record.kind:
            case Kind.JOINED:
                roster.keep(record.credential, worker)
                leases.joined(record.number, worker)
                if self._workforce.admission.admits(worker, kernels) and worker not in self._workforce.exclusions:
                    self._workforce.membership.heard(worker)
            case Kind.LEFT:
                leases.left(record.number, worker)
                return Meaning.LEFT
            case Kind.LEAVING:
                leases.left(record.number, worker)
                self._workforce.membership.gone(worker, "leaves")
                return Meaning.LEFT
            case Kind.TOO_LARGE:
                leases.left(record.number, worker)
                what = "it has less memory than this run takes there; its log tells more"
                self._complain(worker, what, "choose smaller mini-batches or layers, or larger machines")
                return Meaning.LEFT
            case Kind.NEEDS_SAMPLES if record.first in [*Part]:
                self.needed = Part(record.first)
                return Meaning.NEEDS_SAMPLES
            case Kind.NEEDS_WEIGHTS if record.step == pending.step.number:
                return self._need_weights(worker, record, pending)
            case Kind.NEEDS_WEIGHTS:
                return Meaning.NOTHING
            case _:
                return self._reject(pending, UNKNOWN, f"a message of kind {record.kind}")
        return Meaning.NOTHING

    def _reply(
        self,
        worker: str,
        reply: Record,
        message: Array,
        size: int,
        pending: PendingStep,
        weights: Parameters,
        waited: float | None,
    ) -> Meaning:
        workforce = self._workforce
        if worker in workforce.exclusions:
            return self._drop(pending, worker, _REJECTED)
        workforce.membership.heard(worker)
        if misfit := self._misfit(reply, message, size):
            return self._reject(pending, worker, misfit)
        verdict = pending.judge(reply)
        if verdict is Verdict.FOREIGN:  # others may have put the request there: no fault of who answers it
            return self._reject(pending, UNKNOWN, "it answers what was never requested")
        if verdict is Verdict.WRONG:
            what = f"{self._units_of(reply)} {reply.first} to {reply.stop - 1}"
            right = f"{reply.correct} of {reply.samples} samples right at a cost of {reply.cost:g}"
            return self._reject(pending, worker, f"it names step {reply.step}, {what}, {right}")
        if verdict is Verdict.DUPLICATE and reply.token in pending.opinions:
            return self._compare(worker, reply, self._content(reply, message, size), pending, weights)
        if verdict is not Verdict.ANSWER:
            return self._drop(pending, worker, _DUPLICATE if verdict is Verdict.DUPLICATE else _LATE)
        gradient, drawn = self._content(reply, message, size), self._audit.draws()
        other = self._other_than(worker) if drawn and self._audit.by_workers else None
        checked = self._audit.corrected(weights, pending, reply, gradient, drawn and other is None)
        if checked is reply:
            if other is not None and is_finite(gradient):
                pending.ask_another(Opinion.of(worker, reply, gradient), other)
            pending.accept(worker, reply, message, gradient)
            workforce.leases.answered(reply.number, worker)
            workforce.exclusions.good(worker)
            workforce.doubts.found(worker)
            if waited is not None:
                workforce.replied(worker, reply, waited)
        else:
            self._catch(pending, worker, reply)
            pending.accept(COORDINATOR, checked, message, gradient)
        return Meaning.ANSWER

    def settle(self, pending: PendingStep, weights: Parameters) -> None:
        """Compute what others have not answered in time, to whom it was given to check: nobody can keep a lie so."""
        opinions = [*pending.opinions.values()]
        pending.opinions.clear()
        for opinion in opinions:
            self._judge_opinions(pending, weights, opinion)

    def _compare(
        self, worker: str, reply: Record, gradient: Vector, pending: PendingStep, weights: Parameters
    ) -> Meaning:
        """Compare what two workers have answered to the same, and find out who is wrong if they differ."""
        first, second = pending.opinions[reply.token], Opinion.of(worker, reply, gradient)
        if id_of(worker) != id_of(first.worker):  # which may have taken what was another's
            del pending.opinions[reply.token]
            if not first.agrees(second):
                self._judge_opinions(pending, weights, first, second)
        return self._drop(pending, worker, _DUPLICATE)

    def _judge_opinions(self, pending: PendingStep, weights: Parameters, *opinions: Opinion) -> None:
        """Compute what workers have answered, and give no more work to who is wrong."""
        asked = opinions[0].reply
        right, score = pending.work.block(weights, pending.step, asked.first, asked.stop)
        digest_of_right = gradient_digest(right)
        for worker, reply, its_digest in opinions:
            if its_digest != digest_of_right or reply.score != score:
                self._catch(pending, worker, reply)

    def _other_than(self, worker: str) -> int | None:
        """Return the lease of another worker, to check what this one has answered; None if nobody else is there."""
        others = [lease for name, lease in self._workforce.leases.holders if id_of(name) != id_of(worker)]
        return self._audit.one_of(others)

    def _content(self, reply: Record, message: Array, size: int) -> Vector:
        """Return a reply's gradient, which is empty for an evaluation."""
        return _NOTHING if reply.kind == Kind.SCORE else self._transport.content(reply, message, size)

    def _need_weights(self, worker: str, record: Record, pending: PendingStep) -> Meaning:
        """Note that a worker does not have the weights of a request: for which it may be to blame."""
        if not pending.has_requested(record.token):  # others may have put the request there
            return self._reject(pending, UNKNOWN, "it is about what was never requested")
        if pending.names_weights(record.token):
            self._workforce.doubts.found_others(worker)
        return Meaning.NEEDS_WEIGHTS

    def _misfit(self, reply: Record, message: Array, size: int) -> str:
        """Return what is wrong with a reply as a message, whatever it answers; nothing if it can be read."""
        if reply.kind == Kind.SCORE:
            return "" if size == RECORD_BYTES else f"{size} bytes instead of {RECORD_BYTES}"
        if not self._transport.fits(reply, size):
            return f"{size} bytes instead of {self._transport.reply_bytes}"
        if reply.dtype != self._dtype:
            return f"numbers of type {chr(reply.dtype)!r} instead of {chr(self._dtype)!r}"
        if not self._transport.is_intact(reply, message, size):
            return "its gradient is not the one that was sent"
        return ""

    def _units_of(self, reply: Record) -> str:
        return "chunks" if reply.kind == Kind.SCORE else self._units

    def _catch(self, pending: PendingStep, worker: str, reply: Record) -> None:
        """Give no more work to a worker whose reply was checked and is wrong."""
        what = f"{self._units_of(reply)} {reply.first} to {reply.stop - 1} of {pending.name}"
        result = "score" if reply.kind == Kind.SCORE else "gradient"
        why = f"its {result} of {what} is not what the coordinator computes"
        self._drop(pending, worker, _REJECTED)
        # Without an audit nobody relies on what workers give, and nothing is kept to go back to.
        if self._audit.share and worker not in pending.liars:
            pending.liars.append(worker)
        cause = "`gradmq doctor` there tells more" if self._any_order else "is it another type of processor?"
        hint = "" if self._audit.share else "; `gradmq verify` tells whether replies that were not checked were right"
        self._workforce.exclusions.exclude(worker, f"{why} ({cause}){hint}")

    def _drop(self, pending: PendingStep, worker: str, counts: WorkerCounts) -> Meaning:
        """Note a reply that changes nothing."""
        pending.counts.of(worker).add(counts)
        return Meaning.NOTHING

    def _reject(self, pending: PendingStep, worker: str, why: str) -> Meaning:
        if worker != UNKNOWN:
            self._workforce.exclusions.bad(worker, why)
        elif worker not in self._named:
            self._named.add(worker)
            told = "a message was rejected, and nothing tells who sends such: %s"
            log.warning(told, why, extra={"event": "rejected"})
        return self._drop(pending, worker, _REJECTED)

    def _refuse(self, pending: PendingStep, message: Array) -> Meaning:
        """Reject what is no message of our version; if it is one of another, say who cannot take part."""
        foreign = foreign_version(message.data)
        if foreign is None:
            return self._reject(pending, UNKNOWN, f"{len(message)} bytes that are no message")
        version, head = foreign
        what = f"it speaks version {version} of GradMQ's messages, this coordinator {VERSION}"
        return self._complain(_text(message[head:]), what)

    def _complain(self, name: str, what: str, hint: str = "install the same GradMQ on both sides") -> Meaning:
        """Say of a worker, once, why it cannot take part.  hint: what to do."""
        if name not in self._named and len(self._named) < _MOST_NAMED:
            self._named.add(name)
            log.error("%s; %s", what, hint, extra={"worker": name or UNKNOWN})
        return Meaning.NOTHING


def _text(data: Array) -> str:
    """Return a name as a log line may show it."""
    return printable(data[:LONGEST].tobytes())
