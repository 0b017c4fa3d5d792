"""The distributed gradient: publish weights, send requests, collect the replies, retry what is late."""

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress

import numpy as np

from coordinator.gradients.audit import Audit
from coordinator.gradients.base import StepResult
from coordinator.gradients.pending import PendingStep
from coordinator.gradients.recovery import PASSING, Recovery
from coordinator.gradients.replies import Meaning, Replies
from coordinator.gradients.reply_stream import ReplyStream
from coordinator.gradients.retransmission import RetransmissionTimer
from coordinator.workers.windows import Window, WindowLength
from coordinator.workers.workforce import Workforce
from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import LabelledSamples
from shared.errors import QueueError
from shared.fixed_problem import kernels_for
from shared.messaging.client import client
from shared.messaging.keys import Keys
from shared.messaging.records import Kind, Record
from shared.messaging.resp import encode
from shared.nn.parameters import Parameters
from shared.parallel.reduction import tree_sum
from shared.parallel.strategy import strategy_of
from shared.transport.base import coordinator_transport
from shared.transport.regions import SharedTensors
from shared.transport.samples import upload
from shared.types import Array

_LOOK_AROUND = 0.1  # seconds of waiting between two looks at what may have gone wrong
_LAST_WORDS = 0.5  # seconds that telling the workers of the end may take

log = logging.getLogger(__name__)


class RemoteGradients:
    """Gradients computed by whatever workers there are."""

    def __init__(
        self,
        redis_url: str,
        broker_url: str,
        run_id: str,
        config: TrainConfig,
        samples: LabelledSamples,
        *,
        batches_per_task: int | None = None,
        audit: float = 0.0,
        excluded: Sequence[str] = (),
        supervise: Callable[[], None] = lambda: None,
        tensors: SharedTensors | None = None,
    ) -> None:
        """Begin an incarnation of the run.

        batches_per_task: steps of a window; default: a second of work.  audit: share of the replies that is checked.
        excluded: workers that get no work.  supervise: is called now and then.  tensors: memory that is shared with
        the workers on this machine.
        """
        self._url, self._samples = redis_url, samples
        self._incarnation = secrets.randbits(64)
        self._keys = keys = Keys(run_id, self._incarnation)
        self._strategy = strategy_of(config, samples)
        steps_per_epoch, kernels = config.sampler(len(samples)).steps_per_epoch, kernels_for(config)
        self._window = Window(run_id, self._incarnation, config, samples.sha256, steps_per_epoch, kernels)
        self._window_length, self._timer = WindowLength(batches_per_task), RetransmissionTimer()
        self._workforce = Workforce(broker_url, config.shards_per_step, excluded, kernels, config.any_order)
        self._transport = coordinator_transport(keys, self._incarnation, config, tensors)
        self._replies = Replies(
            self._incarnation, config, self._workforce, self._transport, Audit(audit, self._strategy)
        )
        self._client = client(redis_url)
        self._stream = ReplyStream(redis_url, keys.replies)
        self._recovery = Recovery(self._client, keys.weights, self._window, self._workforce, supervise)
        self._free: list[Array] = []  # memory to receive replies in
        self._undisturbed = True  # in this step so far

    @property
    def n_workers(self) -> int:
        """How many workers take part now."""
        return len(self._workforce.membership)

    @property
    def excluded(self) -> tuple[str, ...]:
        """The workers that get no more work in this run."""
        return tuple(self._workforce.exclusions.names)

    def gradient(self, parameters: Parameters, step: Step) -> StepResult:
        """Return what came of a step; its sum is valid until the next call."""
        started = time.monotonic()
        self._undisturbed = self._workforce.leases.taken > 0
        excluded_before = len(self.excluded)
        pending: PendingStep | None = None
        while pending is None or pending.missing:
            try:
                self._recovery.look_after_workers()
                self._stream.connect()  # before any lease is sent to a broker that is the same Redis
                if self._workforce.has_changed or not self._window.covers(step):
                    self._open_window(step)
                self._workforce.grant_due()
                if pending is None:
                    bounds = self._strategy.bounds(len(step.rows))
                    pending = PendingStep(self._incarnation, step, bounds, self._workforce.leases.expected)
                else:
                    pending.counts.retried += pending.missing
                self._publish(parameters, pending)
                self._collect(parameters, pending)
                if pending.missing:  # others get work now: a new window begins, and this connection still waits
                    self._stream.disconnect()
            except PASSING as error:
                self._undisturbed = False
                self._stream.disconnect()
                self._recovery.begin_again(error)
        self._recovery.all_is_well()
        if self._undisturbed:
            self._timer.add(time.monotonic() - started)
        self._free += pending.messages()
        gradients = pending.gradients()
        excluded = self.excluded[excluded_before:]
        return pending.result(tree_sum(gradients.__getitem__, 0, len(gradients)), excluded)

    def close(self) -> None:
        """Tell the workers that the run is over, and leave no key of it."""
        self._stream.disconnect()
        # If Redis is away, there is nobody to tell.
        with suppress(QueueError), closing(client(self._url, _LAST_WORDS)) as connection:
            connection.delete(self._keys.weights, self._keys.replies, self._keys.incarnation)
            self._window.close(connection)
            self._workforce.keep_keys()
        self._client.close()
        self._workforce.close()

    def _open_window(self, step: Step) -> None:
        length = self._window_length.steps(self._timer.mean)
        self._workforce.open(self._window.open(self._client, step, length, self._workforce.idle))

    def _publish(self, parameters: Parameters, pending: PendingStep) -> None:
        """Publish the weights and the requests, and begin to wait for the replies."""
        requests = (request.encode() for request in pending.unanswered())
        commands = [
            *self._transport.publish(parameters, self._weights_record(pending)),
            *encode("RPUSH", self._window.requests, *requests),
            *self._window.expire_requests,
        ]
        self._stream.publish(commands, answers=3, replies=pending.missing)

    def _weights_record(self, pending: PendingStep) -> Record:
        return Record(Kind.WEIGHTS, self._incarnation, pending.step.number, number=self._window.number)

    def _collect(self, parameters: Parameters, pending: PendingStep) -> None:
        """Take replies until each request has one, or others get work."""
        published = requested = looked = time.monotonic()
        while pending.missing and not self._workforce.has_changed:
            message = self._free.pop() if self._free else np.empty(self._replies.message_bytes, np.uint8)
            size = self._stream.read(message, pending.missing)
            # Times of replies to what was requested twice tell nothing (P. Karn, C. Partridge, 1987).
            since = published if self._undisturbed else None
            meaning = Meaning.NOTHING if size is None else self._replies.take(message, size, pending, parameters, since)
            if meaning is not Meaning.ANSWER:
                self._free.append(message)
                self._provide(meaning, parameters, pending)
            now = time.monotonic()
            # By the clock, not only when nothing has come: other messages may come all the time.
            if pending.missing and now - looked > _LOOK_AROUND:
                looked = now
                if not self._recovery.look_around():
                    self._undisturbed = False
                    requested = now  # nobody is there to be late
                elif now - requested > self._timer.timeout:
                    self._retry(pending, requested)
                    requested = now

    def _provide(self, meaning: Meaning, parameters: Parameters, pending: PendingStep) -> None:
        """Give a worker what it needs."""
        if meaning is Meaning.NEEDS_SAMPLES and upload(self._client, self._samples):
            log.info("the training samples are in Redis now, for workers without a copy")
        if meaning is Meaning.NEEDS_WEIGHTS and self._transport.share_with_strangers(
            self._client, parameters, self._weights_record(pending)
        ):
            log.info("the weights go through Redis from now on, for a worker that does not share our memory")

    def _retry(self, pending: PendingStep, requested: float) -> None:
        """Request again, of anyone, what has not come in time, and grant the silent workers' leases to others."""
        self._undisturbed = False
        self._timer.expired()
        late = pending.unanswered()
        queued = self._client.lrange(self._window.requests, 0, -1)
        lost = [request.encode() for request in late if request.encode() not in queued]
        log.warning("step %d: requesting again %d of its shards' gradients", pending.step.number, len(late))
        if lost:
            self._client.rpush(self._window.requests, *lost)
        pending.counts.retried += len(lost)
        self._workforce.replace_silent(requested)
