"""The work in a lease: take a request and the weights, compute, reply; again and again on one connection."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shared.data.parts import Part
from shared.data.sampler import Step
from shared.data.samples import KnownSamples
from shared.durations import Durations
from shared.messaging.keys import OVER_LIFETIME, Keys
from shared.messaging.lease import Lease
from shared.messaging.records import OWN, RECORD_BYTES, Kind, Record, token_of
from shared.messaging.resp import PUSH_ANSWERS, Stream, encode, push
from shared.messaging.sockets import Item
from shared.parallel.evaluation import Evaluation
from shared.parallel.strategy import strategy_of
from shared.parallel.work import Work
from shared.transport.base import worker_transport
from worker.departure import Departure
from worker.limits import Limits
from worker.messages import Notices
from worker.shutdown import is_leaving

_POLL = 1  # seconds that Redis lets us wait for a request before we look around
_PAUSE = 0.1  # seconds after a request that we could not serve, for it and the weights to be sent again


@dataclass
class Done:
    """What was done in a lease: the task's result, which Flower shows."""

    outcome: str = ""  # why it was left
    requests: int = 0
    samples: int = 0
    durations: Durations = field(default_factory=Durations)  # of what was computed
    seconds_waiting: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            **{"outcome": self.outcome, "requests": self.requests, "samples": self.samples},
            "seconds_computing": round(self.durations.total, 3),
            "seconds_waiting": round(self.seconds_waiting, 3),
        }


class Server:
    """Serves the requests of one lease on one connection."""

    def __init__(
        self,
        stream: Stream,
        lease: Lease,
        training: KnownSamples,
        samples: Callable[[Part], KnownSamples | None],
        notices: Notices,
        departure: Departure,
        done: Done,
    ) -> None:
        """Begin with nothing served.

        samples: returns those to evaluate on, or None if it has noted a reason to leave.  done: is kept up to date.
        Raises TooLargeError.
        """
        self._limits = Limits(lease.config)
        self._stream, self._lease, self._config = stream, lease, lease.config
        self._notices, self._departure, self._done = notices, departure, done
        keys = Keys(lease.run, lease.incarnation)
        self._replies, self._key = keys.replies, lease.key
        self._strategy, self._sampler = strategy_of(lease.config, training), lease.config.sampler(len(training))
        self._samples = samples
        self._evaluations: dict[Part, Evaluation] = {}  # those that were asked for
        self._transport = worker_transport(lease)
        self._common = keys.requests(lease.window)
        wait = encode("BLPOP", keys.own_requests(lease.window, lease.number), self._common, _POLL)
        # One round trip: Redis goes on with the weights when BLPOP has got its request.
        self._take = [*wait, *self._transport.get]
        # Where requests are seconds apart most waits are in vain, and weights would come each time: two round trips.
        self._look = [*wait, *encode("GETRANGE", keys.weights, 0, RECORD_BYTES - 1)]
        self._was_in_vain = False  # the latest wait
        self._is_patient = False  # whether requests seem to be seconds apart
        self._taken = b""  # the request that was taken last, as it came

    def serve(self) -> None:
        """Work until there is a reason to leave, and say goodbye.  Raises TooLargeError."""
        reply = push(self._replies, self._notices.joined())
        while True:
            began = time.perf_counter()
            request, weights, weights_came = self._round_trip(reply)
            reply = []
            got = time.perf_counter()
            self._done.seconds_waiting += got - began

            self._done.outcome = self._departure.why(request, weights)
            if self._done.outcome:
                self._leave(request)
                return
            if request is None:
                self._done.outcome = self._departure.look_for_successor(self._stream)
                if self._done.outcome:
                    return
                continue
            # A request whose weights are gone is an old one: nobody waits for its reply.
            if weights is None or request.step != weights.step:
                continue
            if not weights_came or not self._transport.is_intact(request.content):
                self._need_weights(request)
                continue
            reply = self._answer(request)
            if self._done.outcome:
                self._leave(request)
                return
            if reply:
                self._done.durations.add(time.perf_counter() - got)

    def _round_trip(self, reply: list[Item]) -> tuple[Record | None, Record | None, bool]:
        """Send the reply, if there is one, and wait for a request.

        Return that, or None if there is none, the weights' record, and whether the weights themselves came too.
        """
        looks = self._is_patient and self._transport.fetches
        self._stream.send(reply + (self._look if looks else self._take))
        self._stream.skip(PUSH_ANSWERS if reply else 0)
        taken = self._stream.read()  # nil, or the list's key and the request
        is_one = isinstance(taken, list) and len(taken) == 2 and isinstance(taken[1], bytes)
        self._taken = taken[1] if is_one else b""  # type: ignore[index, assignment]
        request = Record.decode(self._taken)
        self._is_patient = not self._taken or (self._is_patient and self._was_in_vain)
        self._was_in_vain = not self._taken
        if looks:
            weights = Record.decode(self._stream.read_bulk() or b"")
            if request is None or weights is None or request.step != weights.step:
                return request, weights, False
            self._stream.send(self._transport.get)
        weights, weights_came = self._transport.read(self._stream)
        return request, weights, weights_came

    def _answer(self, request: Record) -> list[Item]:
        """Compute what is requested; return the reply, or nothing if there is no such thing in our window.

        Nothing too if there came a reason to leave instead.
        """
        lease = self._lease
        index = request.step - lease.epoch * self._sampler.numbers_per_epoch
        if request[:2] != (Kind.REQUEST, lease.incarnation) or not lease.first <= index < lease.stop:
            return []
        found = self._work(index)
        if found is None:
            return []
        work, step = found
        bounds = work.bounds(len(step.rows))
        if not 0 <= request.first < request.stop < len(bounds):
            return []
        self._limits.check(bounds[request.stop] - bounds[request.first], work.evaluates)
        total, score = work.block(self._transport.parameters, step, request.first, request.stop)
        self._done.requests += 1
        self._done.samples += score.samples
        kind, dtype = (Kind.SCORE, 0) if work.evaluates else (Kind.REPLY, ord(self._config.numpy_dtype.char))
        correct, cost, samples = score
        reply = request._replace(
            kind=kind,
            samples=samples,
            number=lease.number,
            dtype=dtype,
            cost=cost,
            correct=correct,
            content=0,
            token=token_of(self._taken),
            credential=self._notices.credential,
        )
        content = (reply.encode(self._key),) if work.evaluates else self._transport.reply(reply, total, self._key)
        return push(self._replies, content)

    def _work(self, index: int) -> tuple[Work, Step] | None:
        """Return the step of that index in our epoch, and what its units are; None if we are to leave instead."""
        epoch, part = self._lease.epoch, self._sampler.evaluated(index)
        if part is None:
            return self._strategy, self._sampler.step(epoch, index)
        if part not in self._evaluations:
            samples = self._samples(part)
            if samples is None:
                return None
            self._evaluations[part] = Evaluation(self._config, samples)
        evaluation = self._evaluations[part]
        return evaluation, self._sampler.evaluation(epoch, part, evaluation.n_samples)

    def _need_weights(self, request: Record) -> None:
        """Say that the weights are not there, or not those that were sent: they will be sent with all requests again.

        Perhaps the coordinator shares its memory with others, but not with us.
        """
        notice = self._notices.needs_weights(request.step, token_of(self._taken))
        self._stream.send(push(self._replies, notice))
        self._stream.skip(PUSH_ANSWERS)
        time.sleep(_PAUSE)

    def _leave(self, request: Record | None) -> None:
        """Say goodbye. Back goes what others need: the sign for whoever comes late, or a request taken just now.

        What was requested of us alone the coordinator will request of others.
        """
        back = []
        if request is not None and request.kind == Kind.OVER:
            back = push(self._common, self._taken, lifetime=OVER_LIFETIME)
        elif request is not None and request.region != OWN:
            back = push(self._common, self._taken)
        self._stream.send(back + push(self._replies, self._notices.left(is_leaving())))
        self._stream.skip(2 * PUSH_ANSWERS if back else PUSH_ANSWERS)
