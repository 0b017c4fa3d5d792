"""The session of a lease: from taking it to leaving it, over as many connections as it takes."""

import logging
import os
import time
from contextlib import closing, nullcontext
from typing import cast

from shared.data.parts import Part
from shared.data.samples import KnownSamples
from shared.environment import ALIKE, Kernels
from shared.errors import QueueError, RefusedError, TooLargeError
from shared.fixed_problem import kernels_for
from shared.messaging.client import client
from shared.messaging.identities import Credentials, worker_id
from shared.messaging.keys import LEASE_KEYS, LEASE_LIFETIME, LIFETIME, Keys
from shared.messaging.lease import Lease
from shared.messaging.records import RECORD_BYTES, Record
from shared.messaging.resp import PUSH_ANSWERS, Stream, encode, push
from shared.nn.arithmetic import quiet, threads
from worker.connections import connection
from worker.departure import REDIS_AWAY, WORKER_LEAVING, Departure
from worker.identity import CREDENTIALS
from worker.messages import Notices
from worker.samples import local_samples, received_samples
from worker.serve import Done, Server
from worker.shutdown import is_leaving

_NO_REDIS = 300.0  # seconds without Redis after which a lease is given up
_RESTED = 60.0  # seconds without a failure after which the next is the first one; one alone may take half of them
_PAUSE = 0.1  # seconds between two attempts to reach Redis, or two looks for the samples
_RETRY = 1.0  # seconds between two notices that the samples are needed
_REFUSED = 3.0  # seconds to stay in a lease that asks for too much, so that others get the next ones

_warned: set[str] = set()  # of which runs we have said that we round otherwise

log = logging.getLogger(__name__)


class Session:
    """One worker in one lease."""

    def __init__(self, lease: Lease, url: str, worker: str, credentials: Credentials = CREDENTIALS) -> None:
        """url: of Redis.  worker: this worker's name, for people.  credentials: by which it is known."""
        self._lease, self._url = lease, url
        self._credential = credentials.in_run(lease.run)
        self._keys = Keys(lease.run, lease.incarnation)
        self._kernels = kernels_for(lease.config)
        self._notices = Notices(lease, worker, self._kernels, self._credential)
        self._departure = Departure(lease)
        self._done = Done()

    def work(self) -> Done:
        """Compute gradients for the lease's window until it is over; return what was done."""
        several = _threads() if self._lease.config.any_order else 1  # in native arithmetic they would decide bits
        with quiet(), threads(several) if several > 1 else nullcontext():  # looking for BLAS takes a while
            self._work()
        return self._done

    def _work(self) -> None:
        row = _Failures()
        while not self._done.outcome:
            # Redis may come back within a moment, long before Celery's own reconnection would: so stay and try.
            reached = False
            try:
                with connection(self._url) as stream:
                    reached = True
                    self._work_on(stream)
            except QueueError as error:  # also one that loads, or refuses for a while
                if reached:
                    self._departure.redis_was_away()
                if is_leaving():
                    self._done.outcome = WORKER_LEAVING
                elif row.seconds(error, reached, self._done.samples) > _NO_REDIS:
                    self._done.outcome = REDIS_AWAY
                else:
                    time.sleep(_PAUSE)

    def _work_on(self, stream: Stream) -> None:
        """Work on one connection until there is a reason to leave."""
        # Celery has noted that we have this task; should nobody be left to delete that note, it expires.
        stream.send([item for key in LEASE_KEYS for item in encode("EXPIRE", key, LEASE_LIFETIME)])
        stream.skip(len(LEASE_KEYS))
        # A lease that comes too late must not wait for a request to find that out.
        self._done.outcome = self._departure.look(stream)
        if not self._done.outcome and (self._is_excluded or self._rounds_otherwise()):
            self._idle(stream)
        if self._done.outcome:
            return
        try:
            self._serve(stream)
        except TooLargeError as error:
            log.error("%s", error)
            stream.send(push(self._keys.replies, self._notices.too_large()))
            stream.skip(PUSH_ANSWERS)
            time.sleep(_REFUSED)
            self._done.outcome = f"refused: {error}"

    def _serve(self, stream: Stream) -> None:
        """Serve requests until there is a reason to leave.  Raises TooLargeError."""
        training = self._samples(Part.TRAINING)
        if training is not None:
            Server(stream, self._lease, training, self._samples, self._notices, self._departure, self._done).serve()
        else:
            stream.send(push(self._keys.replies, self._notices.left(is_leaving())))
            stream.skip(PUSH_ANSWERS)

    @property
    def _is_excluded(self) -> bool:
        """Whether we get no work in the lease's window."""
        return worker_id(self._credential) in self._lease.excluded

    def _rounds_otherwise(self) -> bool:
        """Tell whether our gradients would have other bits than the coordinator's; say so, once in a run."""
        ours, theirs, run = self._kernels, self._lease.kernels, self._lease.run
        if ours.digest == theirs.digest:
            return False
        if run not in _warned:
            _warned.add(run)
            log.error("%s; it computes nothing in this run", _difference(ours, theirs, self._lease.config.any_order))
        return True

    def _idle(self, stream: Stream) -> None:
        """Hold the lease without working, so that it is not offered to us again and again."""
        stream.send(push(self._keys.replies, self._notices.joined()))
        stream.skip(PUSH_ANSWERS)
        while not self._done.outcome:
            time.sleep(_PAUSE)
            self._done.outcome = self._departure.look(stream) or self._departure.look_for_successor(stream)

    def _samples(self, part: Part) -> KnownSamples | None:
        """Return a part of the data, telling the coordinator that it is needed if it is not on this machine.

        None if there came a reason to leave instead, which is noted.
        """
        sha256 = self._lease.samples[part]
        samples = local_samples(sha256)
        if samples is not None:
            return samples
        with closing(client(self._url)) as redis:
            noticed = float("-inf")
            while samples is None:
                weights = redis.getrange(self._keys.weights, 0, RECORD_BYTES - 1)
                self._done.outcome = self._departure.why(None, Record.decode(cast(bytes, weights)))
                if self._done.outcome:
                    return None
                if time.monotonic() - noticed > _RETRY:
                    redis.rpush(self._keys.replies, self._notices.needs_samples(part))
                    redis.expire(self._keys.replies, LIFETIME)
                    noticed = time.monotonic()
                samples = received_samples(redis, sha256, self._lease.samples)
                if samples is None:
                    time.sleep(_PAUSE)
        return samples


class _Failures:
    """Since when Redis has been away, or has let us do nothing."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._latest = 0.0  # when the latest failure was
        self._samples = 0  # what was done when that began

    def seconds(self, error: QueueError, reached: bool, samples: int) -> float:
        """Return for how long that has been so, as of this failure; say that Redis refuses us, once.

        reached: whether Redis was there until now.  samples: what is done.
        """
        now, refused = time.monotonic(), isinstance(error, RefusedError)
        rested, self._latest = now - self._latest > _RESTED, now
        # Who may come in and do nothing has not been served.
        if self._since is None or rested or samples > self._samples or (reached and not refused):
            self._since, self._samples = now, samples
            if refused:
                log.warning("%s; trying again", error)
        return now - self._since


def _threads() -> int:
    """Return how many threads BLAS may use here."""
    given = os.environ.get("GRADMQ_THREADS", "")
    return int(given) if given.isdecimal() else 1


def _difference(ours: Kernels, theirs: Kernels, any_order: bool) -> str:
    """Return in which way we differ from the coordinator, and what to do."""
    if any_order:
        return (
            f"the exact arithmetic of this worker is wrong ({ours.description}): the fixed problem gives {ours.short}, "
            f"not {theirs.short}, a defect of this machine; `gradmq doctor` here tells more"
        )
    return (
        f"this worker rounds otherwise: it computes with {ours.description}, the coordinator with "
        f"{theirs.description}; {ALIKE}"
    )
