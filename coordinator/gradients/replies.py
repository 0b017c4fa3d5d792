"""What workers tell the coordinator, and what follows from it."""

import logging
import time
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from coordinator.accounting import COORDINATOR, Ledger, WorkerCounts
from coordinator.gradients.audit import Audit
from coordinator.gradients.pending import PendingStep, Verdict
from coordinator.workers.leases import Leases
from coordinator.workers.membership import Membership
from coordinator.workers.stragglers import Bench
from shared.config import TrainConfig
from shared.messaging.records import RECORD_BYTES, VERSION, Kind, Record, foreign_version
from shared.nn.parameters import Parameters
from shared.transport.regions import SharedTensors

Array = NDArray[Any]

_DUPLICATE, _LATE, _REJECTED = WorkerCounts(duplicate=1), WorkerCounts(late=1), WorkerCounts(rejected=1)
_UNKNOWN = "unknown"  # who sends what tells nothing of its sender
_LONGEST_NAME = 500  # bytes

log = logging.getLogger(__name__)


class Replies:
    """Takes the workers' messages: a reply counts once, to the request that it answers, or not at all."""

    def __init__(
        self,
        incarnation: int,
        config: TrainConfig,
        leases: Leases,
        bench: Bench,
        ledger: Ledger,
        audit: Audit,
        give_samples: Callable[[], None],
        give_weights: Callable[[Parameters, PendingStep], None],
        tensors: SharedTensors | None,
    ) -> None:
        """Begin with nobody there.

        give_samples: is called when a worker has no copy of the training samples, and give_weights when it does not
        share our memory.  tensors: that memory, where replies may be.
        """
        self._incarnation = incarnation
        self._dtype = ord(config.numpy_dtype.char)
        self.reply_bytes = RECORD_BYTES + Parameters.count(config.sizes) * config.numpy_dtype.itemsize
        self.most_bytes = max(self.reply_bytes, RECORD_BYTES + _LONGEST_NAME)
        self._leases, self._bench, self._ledger, self._audit = leases, bench, ledger, audit
        self._give_samples, self._give_weights, self._tensors = give_samples, give_weights, tensors
        self.membership = Membership(config.parts_per_step)
        self._named: set[str] = set()  # whose messages we have complained of

    def take(self, message: Array, size: int, ask: PendingStep, parameters: Parameters, asked: float | None) -> bool:
        """Act on a message; tell whether its memory is now the ask's.

        message: (most_bytes,) uint8, of which the first `size` were received; if it was longer, none of it was.
        parameters: those of the step.  asked: when, by the monotonic clock, unless some of it was asked again.
        """
        if size > len(message):
            return self._reject(_UNKNOWN, f"{size} bytes, more than any message has")
        record = Record.decode(message[:size].data)
        if record is None:
            return self._refuse(message[:size])
        if record.kind == Kind.REPLY:
            return self._reply(record, message, size, ask, parameters, asked)
        if record.incarnation != self._incarnation:
            return False
        name = _text(message[RECORD_BYTES:size])
        if record.kind == Kind.JOINED:
            self._leases.joined(record.number, name)
            if name not in self._bench:
                self.membership.heard(name)
        elif record.kind == Kind.LEFT:
            self._leases.left(record.number)
        elif record.kind == Kind.LEAVING:
            self._leases.left(record.number)
            self.membership.gone(name, "leaves")
        elif record.kind == Kind.NEEDS_DATA:
            self._leases.heard(record.number)
            self._give_samples()
        elif record.kind == Kind.NEEDS_WEIGHTS:
            self._leases.heard(record.number)
            self._give_weights(parameters, ask)
        else:
            self._reject(_UNKNOWN, f"a message of kind {record.kind}")
        return False

    def _reply(
        self, reply: Record, message: Array, size: int, ask: PendingStep, parameters: Parameters, asked: float | None
    ) -> bool:
        if reply.incarnation != self._incarnation:
            return self._reject(_UNKNOWN, "a reply of another run, or of another life of this one")
        worker = self._leases.name(reply.number) or _UNKNOWN  # if its name got lost
        self._leases.replied(reply.number)
        if self._bench.is_excluded(worker):
            self._ledger.dropped(worker, _REJECTED)
            return False
        if worker != _UNKNOWN:
            self.membership.heard(worker)
        tensors = self._tensors
        shared = tensors is not None and size == RECORD_BYTES and tensors.has(reply.slot, reply.first)
        if size != self.reply_bytes and not shared:
            return self._reject(worker, f"{size} bytes instead of {self.reply_bytes}")
        if reply.dtype != self._dtype:
            return self._reject(worker, f"numbers of type {chr(reply.dtype)!r} instead of {chr(self._dtype)!r}")
        verdict = ask.judge(reply)
        if verdict is Verdict.ANSWER:
            content = message[RECORD_BYTES : self.reply_bytes]
            if tensors is not None and shared:
                content[:] = tensors.reply(reply.slot, reply.first)  # so that it is ours and may be added to
            gradient = content.view(parameters.dtype)
            if self._audit.correct(parameters, ask, reply, gradient):
                self._ledger.answered(worker, reply.samples)
                now = time.monotonic()
                self._bench.good(worker, None if asked is None else (now - asked) / (reply.stop - reply.first), now)
            else:
                what = f"shards {reply.first} to {reply.stop - 1} of step {reply.step}"
                why = f"its gradient of {what} is not what the coordinator computes"
                if worker == _UNKNOWN:
                    self._reject(worker, why)
                else:
                    self._ledger.dropped(worker, _REJECTED)
                    self._bench.exclude(
                        worker,
                        f"{why} (is it another type of processor?); `gradmq verify` tells whether replies that were "
                        "not checked were right",
                    )
                self._ledger.answered(COORDINATOR, reply.samples)
            ask.accept(reply, message)
            return True
        if verdict is Verdict.WRONG:
            return self._reject(worker, f"it names step {reply.step}, shards {reply.first} to {reply.stop - 1}")
        self._ledger.dropped(worker, _DUPLICATE if verdict is Verdict.DUPLICATE else _LATE)
        return False

    def _reject(self, worker: str, why: str) -> bool:
        self._ledger.dropped(worker, _REJECTED)
        if worker != _UNKNOWN:
            self._bench.bad(worker, why)
        elif worker not in self._named:
            self._named.add(worker)
            log.warning("a message was rejected, and nothing tells who sends such: %s", why)
        return False

    def _refuse(self, message: Array) -> bool:
        """Reject what is no message of our version; if it is one of another, say who cannot take part."""
        version = foreign_version(message.data)
        if version is None:
            return self._reject(_UNKNOWN, f"{len(message)} bytes that are no message")
        name = _text(message[RECORD_BYTES:]) or _UNKNOWN
        if name not in self._named:
            self._named.add(name)
            what = (
                "it speaks version %d of GradMQ's messages, this coordinator %d; install the same GradMQ on both sides"
            )
            log.error(what, version, VERSION, extra={"worker": name})
        return False


def _text(data: Array) -> str:
    """Return a name as a log line may show it."""
    text = bytes(data[:_LONGEST_NAME]).decode(errors="replace")
    return "".join(character if character.isprintable() else "?" for character in text)
