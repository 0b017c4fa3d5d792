"""The distributed step: publish weights, send requests, collect the replies, retry what is late."""

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress

import numpy as np

from coordinator.gradients.audit import Audit
from coordinator.gradients.floods import Floods
from coordinator.gradients.pending import PendingStep
from coordinator.gradients.recovery import PASSING, Recovery
from coordinator.gradients.replies import Meaning, Replies
from coordinator.gradients.reply_stream import ReplyStream
from coordinator.gradients.request_lists import RequestLists
from coordinator.gradients.retransmission import RetransmissionTimer
from coordinator.gradients.totals import RunningTotal, TreeTotal
from coordinator.workers.windows import Window, WindowLength
from coordinator.workers.workforce import Workforce
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.data.sampler import Step
from shared.errors import QueueError
from shared.fixed_problem import kernels_for
from shared.messaging.client import client
from shared.messaging.keys import Keys, name_of
from shared.messaging.records import Kind, Record
from shared.messaging.seals import CoordinatorKeys
from shared.nn.parameters import Parameters
from shared.parallel.evaluation import evaluations_of
from shared.parallel.strategy import strategy_of
from shared.parallel.work import Work
from shared.training.gradients import StepResult
from shared.transport.base import coordinator_transport
from shared.transport.regions import SharedTensors
from shared.transport.samples import upload
from shared.types import Array

_LOOK_AROUND = 0.1  # seconds of waiting between two looks at what may have gone wrong
_LAST_WORDS = 0.5  # seconds that telling the workers of the end may take

log = logging.getLogger(__name__)


class RemoteGradients:
    """Gradients and evaluations computed by whatever workers there are."""

    def __init__(
        self,
        redis_url: str,
        broker_url: str,
        run_id: str,
        config: TrainConfig,
        data: Dataset,
        *,
        batches_per_task: int | None = None,
        audit: float = 0.0,
        audit_by_workers: bool = False,
        excluded: Sequence[str] = (),
        supervise: Callable[[], None] = lambda: None,
        workers: int | None = None,
        tensors: SharedTensors | None = None,
    ) -> None:
        """Begin an incarnation of the run.

        batches_per_task: steps of a window; default: a second of work.  audit: share of the replies that is checked.
        audit_by_workers: by other workers, see `Audit`.  excluded: workers that get no work.  supervise: is called now
        and then.  workers: how many there are, None if that may change.  tensors: memory that is shared with the
        workers on this machine.
        """
        self.redis_url: str | None = redis_url
        self._url, self._data = redis_url, data
        self._incarnation = secrets.randbits(64)
        run = name_of(run_id)
        self._keys = keys = Keys(run, self._incarnation)
        self._sealing_keys = CoordinatorKeys()
        self._strategy, self._evaluations = strategy_of(config, data.training), evaluations_of(config, data)
        kernels = kernels_for(config)
        self._window = Window(run, self._incarnation, config, data, kernels)
        self._window_length, self._timer = WindowLength(batches_per_task), RetransmissionTimer()
        # Evaluations take other times than training steps, and each its own.
        self._timers: dict[Work, RetransmissionTimer] = {self._strategy: self._timer}
        self._timers |= {evaluation: RetransmissionTimer() for evaluation in self._evaluations.values()}
        self._workforce = Workforce(broker_url, config, excluded, kernels, self._sealing_keys, workers)
        self._transport = coordinator_transport(keys, self._incarnation, config, tensors)
        self._replies = Replies(
            self._incarnation,
            self._sealing_keys,
            config,
            self._workforce,
            self._transport,
            Audit(audit, audit_by_workers),
        )
        self._client = client(redis_url)
        self._stream = ReplyStream(redis_url, keys.replies)
        self._floods = Floods(self._client)
        self._lists = RequestLists(self._client, keys, self._window, self._floods)
        self._recovery = Recovery(self._client, keys.weights, self._window, self._workforce, supervise, workers)
        self._free: list[Array] = []  # memory to receive replies in
        self._undisturbed = True  # in this step so far
        self._published = 0.0  # when, by the clock
        self._publish_at: float | None = None  # because a worker does not have the weights: when, by the clock
        # Seconds, since the step was published, in which there was nothing to do. Replies wait for each other, and what
        # others' take is no worker's fault.
        self._waited = 0.0

    @property
    def n_workers(self) -> int:
        """How many workers take part now."""
        return len(self._workforce.membership)

    @property
    def excluded(self) -> tuple[str, ...]:
        """The workers that get no more work in this run."""
        return tuple(self._workforce.exclusions.names)

    @property
    def leases_wanted(self) -> int:
        """How many leases the window has, taken or not."""
        return self._workforce.leases.count

    def gradient(self, parameters: Parameters, step: Step) -> StepResult:
        """Return what came of a step; its sum is valid until the next call."""
        return self._compute(self._strategy, parameters, step)

    def evaluate(self, parameters: Parameters, step: Step) -> StepResult:
        """Return what came of an evaluation, which is a step whose replies have no gradient."""
        return self._compute(self._evaluations[step.part], parameters, step)

    def _compute(self, work: Work, parameters: Parameters, step: Step) -> StepResult:
        self._undisturbed = self._workforce.leases.taken > 0
        excluded_before = self._workforce.exclusions.total
        weights = self._strategy.broadcast(parameters)
        total = RunningTotal(self._free) if work.divisible else TreeTotal(self._free)
        content = self._transport.load(weights)
        pending = PendingStep(self._incarnation, step, work, total, self._sealing_keys.own, content)
        while not pending.liars and (pending.missing or not pending.is_requested):
            try:
                self._recovery.look_after_workers()
                self._stream.connect()  # before any lease is sent to a broker that is the same Redis
                if self._workforce.has_changed or not self._window.covers(step):
                    self._open_window(step)
                self._workforce.grant_due()
                if pending.is_requested:
                    self._undisturbed = False
                    self._replies.settle(pending, weights)
                    pending.counts.retried += len(pending.waiting)
                    self._pass_on(pending)
                else:
                    self._await_workers(weights, pending)
                    cut = self._workforce.cut_evaluation if work.evaluates else self._workforce.cut
                    pending.request(cut(pending.n_units))
                    requested = time.monotonic()  # not before: waiting for workers is no part of how long they take
                self._publish(pending)
                self._collect(weights, pending)
                self._stream.stop_waiting()
            except PASSING as error:
                self._undisturbed = False
                self._stream.disconnect()
                self._recovery.begin_again(error)
        self._recovery.all_is_well()
        seconds = time.monotonic() - requested
        if self._undisturbed:
            self._timers[work].add(seconds)
        if not work.evaluates:
            self._workforce.stepped(pending.n_units, seconds)
        return pending.result(self._workforce.exclusions.since(excluded_before))

    def close(self) -> None:
        """Tell the workers that the run is over, and leave no key of it."""
        self._stream.disconnect()
        with (
            closing(self._workforce),
            closing(self._client),  # both whatever comes meanwhile, like another Ctrl-C
            suppress(QueueError),  # if Redis is away, there is nobody to tell
            closing(client(self._url, _LAST_WORDS)) as connection,
        ):
            # Of the broker nothing is asked, which might take longer: its keys had our sign a second ago.
            connection.delete(self._keys.weights, self._keys.replies, self._keys.incarnation)
            self._window.close(connection)

    def _open_window(self, step: Step) -> None:
        length = self._window_length.steps(self._timer.mean)
        self._workforce.open(self._window.open(self._client, step, length, self._workforce.idle))
        log.debug(
            "window %d: up to %d steps from step %d of epoch %d, for %d workers",
            *(self._window.number, length, step.index, step.epoch, self.leases_wanted),
        )

    def _await_workers(self, weights: Parameters, pending: PendingStep) -> None:
        """Wait for those of the window before to be there, so that each can be given its piece."""
        while self._workforce.awaits_workers:
            self._take(weights, pending, replies=1)

    def _publish(self, pending: PendingStep) -> None:
        """Publish the weights and the requests, and begin to wait for the replies."""
        step, content = pending.step.number, pending.content
        record = Record(Kind.WEIGHTS, self._incarnation, step, number=self._window.number, content=content)
        commands = self._transport.publish(record)
        self._recovery.published, self._recovery.published_bytes = record.encode(), self._transport.weights_bytes
        self._publish_at, self._published = None, time.monotonic()
        pushes, answers = self._window.push(pending.waiting)
        self._stream.publish(commands + pushes, 1 + answers, replies=pending.missing)

    def _collect(self, weights: Parameters, pending: PendingStep) -> None:
        """Take replies until each request has one, or others get work."""
        self._waited = 0.0
        requested = looked = time.monotonic()
        while pending.missing and not pending.liars and not self._workforce.has_changed and not self._is_to_publish:
            self._take(weights, pending, pending.missing)
            now = time.monotonic()
            # By the clock, not only when nothing has come: other messages may come all the time.
            if pending.missing and now - looked > _LOOK_AROUND:
                looked = now
                self._floods.drop(self._keys.replies, pending.missing)
                if not self._recovery.look_around():
                    self._undisturbed = False
                    requested = now  # nobody is there to be late
                    if not pending.waiting:  # or to be asked what others have answered
                        self._replies.settle(pending, weights)
                elif now - requested > self._timers[pending.work].timeout:
                    self._undisturbed = False  # it has taken longer than steps do
                    self._replies.settle(pending, weights)
                    if pending.waiting:
                        self._retry(pending, requested)
                    requested = now

    def _take(self, weights: Parameters, pending: PendingStep, replies: int) -> None:
        """Take a message, or find that none comes, and do what follows from it.  replies: how many are missing."""
        message = self._free.pop() if self._free else np.empty(self._replies.message_bytes, np.uint8)
        began = time.monotonic()
        size = self._stream.read(message, replies)
        self._waited += time.monotonic() - began
        # Times of replies to what was requested twice tell nothing (P. Karn, C. Partridge, 1987), and those of
        # evaluations nothing of training.
        waited = self._waited if self._undisturbed and not pending.work.evaluates else None
        meaning = Meaning.NOTHING if size is None else self._replies.take(message, size, pending, weights, waited)
        match meaning:
            case Meaning.ANSWER:
                if pending.withdrawn:
                    self._lists.withdraw(pending)
                if pending.second_requests:
                    self._lists.ask_others(pending)
                return
            case Meaning.LEFT:
                self._send_of_anyone(pending, self._pass_on(pending))
            case Meaning.NEEDS_SAMPLES:
                self._undisturbed = False  # fetching them is no part of a step's time
                if upload(self._client, self._data.part(self._replies.needed)):
                    log.info("the %s samples are in Redis now, for workers without a copy", self._replies.needed)
            case Meaning.NEEDS_WEIGHTS:
                self._publish_again(pending)
        self._free.append(message)

    def _publish_again(self, pending: PendingStep) -> None:
        """Have everything published once more, because a worker does not have the weights that were sent."""
        if content := self._transport.share_with_strangers():
            log.info("the weights go through Redis from now on, for a worker that does not share our memory")
            pending.renew(content)
            self._publish_at = self._published
        elif self._publish_at is None:
            # Not at once: others may say so too, or somebody may say so all the time.
            self._publish_at = self._published + _LOOK_AROUND

    @property
    def _is_to_publish(self) -> bool:
        """Whether all is to be published again by now."""
        return self._publish_at is not None and time.monotonic() >= self._publish_at

    def _pass_on(self, pending: PendingStep) -> list[bytes]:
        """Request of anyone what was requested of workers that are no longer there; return what to send."""
        holds = self._workforce.leases.holds
        orphans = [request for request in pending.waiting if request.lease is not None and not holds(request.lease)]
        return [each for request in orphans for each in pending.request_of_anyone(request)]

    def _retry(self, pending: PendingStep, requested: float) -> None:
        """Request again, of anyone, what has not come in time, and grant the silent workers' leases to others."""
        self._timers[pending.work].expired()
        queued = self._lists.queued(pending)
        late = [request for request in pending.waiting if request.data not in queued]
        # Who owes nothing may have nothing to do; but nobody is idle while a request waits for whoever comes first.
        all_taken = len(late) == len(pending.waiting)
        owing = pending.owing if all_taken else None
        # Of what anyone may have taken it is only known how often it was sent, and so how many may owe it.
        most = len(late) + pending.counts.retried if all_taken and owing is None else None
        if late:
            results = "scores" if pending.work.evaluates else "gradients"
            about = {"event": "retries", "count": len(late)}
            log.warning("%s: requesting again %d of its %s", pending.name, len(late), results, extra=about)
        self._workforce.replace_silent(requested, owing, most)
        parts = max(1, self._workforce.leases.taken) if pending.work.divisible else 1
        self._send_of_anyone(pending, [each for one in late for each in pending.request_of_anyone(one, parts)])

    def _send_of_anyone(self, pending: PendingStep, requests: list[bytes]) -> None:
        """Put requests into the common list."""
        if requests:
            self._undisturbed = False
            self._lists.add(requests)
            pending.counts.retried += len(requests)
