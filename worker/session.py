"""A lease: take a request, compute, give the reply, until the window is over."""

import time
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from typing import Any, cast

import redis

from shared.data.samples import LabelledSamples
from shared.messaging.addresses import LEASE_KEYS, LEASE_LIFETIME
from shared.messaging.records import LIFETIME, OVER_LIFETIME, RECORD_BYTES, Keys, Kind, Lease, Record
from shared.messaging.resp import Stream, client, encode
from shared.messaging.sockets import Item
from shared.parallel.sgd import epoch_order
from shared.parallel.strategy import work_of
from shared.transport.base import tensors_of
from worker.connections import connection
from worker.samples import local_samples, received_samples
from worker.shutdown import is_leaving

_POLL = 1  # seconds that Redis lets us wait for a request before we look around
_NO_COORDINATOR = 4.0  # seconds without published weights after which a lease is given up
_NO_REDIS = 300.0  # seconds without Redis after which a lease is given up
_PAUSE = 0.1  # seconds between two attempts to reach Redis, or two looks for the samples


@dataclass
class Done:
    """What a lease did: the task's result, which Flower shows."""

    outcome: str = ""  # why it was left
    steps: int = 0
    samples: int = 0
    seconds_computing: float = 0.0
    seconds_waiting: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(self).items()}


class Session:
    """One worker in one lease, from taking it to leaving it, over as many connections as it takes."""

    def __init__(self, lease: Lease, url: str, worker: str) -> None:
        """url: of Redis.  worker: this worker's name, for people."""
        self._lease = lease
        self._url = url
        self._worker = worker
        self._keys = Keys(lease.run, lease.incarnation)
        self._requests = self._keys.requests(lease.window)
        self._weights_seen: float | None = None  # when, by the monotonic clock
        self._done = Done()

    def work(self) -> Done:
        """Compute gradients for the lease's window until it is over; return what was done."""
        last_heard = time.monotonic()
        while not self._done.outcome:
            # Redis may come back within a moment, long before Celery's own reconnection would: so stay and try.
            try:
                with connection(self._url) as stream:
                    try:
                        self._serve(stream)
                    finally:
                        last_heard = time.monotonic()
                        if self._weights_seen is not None:
                            self._weights_seen = last_heard
            except redis.RedisError:  # also one that loads, or refuses for a while
                if is_leaving():
                    self._done.outcome = "worker is leaving"
                elif time.monotonic() - last_heard > _NO_REDIS:
                    self._done.outcome = "Redis is away"
                else:
                    time.sleep(_PAUSE)
        return self._done

    def _serve(self, stream: Stream) -> None:
        """Serve requests on one connection until there is a reason to leave."""
        lease, config, done = self._lease, self._lease.config, self._done
        # Celery has noted that we have this task; should nobody be left to delete that note, it expires.
        stream.send([item for key in LEASE_KEYS for item in encode("EXPIRE", key, LEASE_LIFETIME)])
        stream.skip(len(LEASE_KEYS))
        # A lease that comes too late must not wait for a request to find that out.
        self._look(stream)
        if self._worker in lease.excluded and not done.outcome:
            self._sit_out(stream)
        samples = None if done.outcome else self._samples()
        if samples is None:
            return
        work = work_of(config, samples)
        order = epoch_order(config.seed, lease.epoch, len(samples))
        first_step = lease.epoch * config.steps_per_epoch(len(samples))

        tensors = tensors_of(lease, self._keys.weights)
        dtype = ord(config.numpy_dtype.char)
        take = [*encode("BLPOP", self._requests, _POLL), *tensors.get]
        give = _push(self._keys.replies, self._notice(Kind.JOINED) + self._worker.encode())
        while True:
            asked = time.perf_counter()
            # One round trip: Redis goes on with the weights when BLPOP has got its request.
            stream.send(give + take)
            stream.skip(2 if give else 0)
            give = []
            request = _read_request(stream)
            weights, are_there = tensors.read(stream)
            got = time.perf_counter()
            done.seconds_waiting += got - asked

            done.outcome = self._why_leave(request, weights)
            if done.outcome:
                # Back goes what others need: the sign for whoever comes late, or a request taken just now.
                lifetime = OVER_LIFETIME if request and request.kind == Kind.OVER else LIFETIME
                back = _push(self._requests, request.encode(), lifetime) if request else []
                stream.send(back + _push(self._keys.replies, self._farewell()))
                stream.skip(4 if back else 2)
                return

            # A request whose weights are gone is an old one: nobody waits for its reply.
            if request is None:
                if self._is_of_another_life(stream):
                    done.outcome = "coordinator is gone"
                    return
                continue
            if weights is None or request.step != weights.step:
                continue
            if not are_there:  # the coordinator shares its memory with others, but not with us
                stream.send(_push(self._requests, request.encode()))
                stream.send(_push(self._keys.replies, self._notice(Kind.NEEDS_WEIGHTS)))
                stream.skip(4)
                time.sleep(_PAUSE)
                continue
            batch = request.step - first_step
            if request[:2] != (Kind.REQUEST, lease.incarnation) or not lease.first <= batch < lease.stop:
                continue
            rows = order[batch * config.samples_per_step : (batch + 1) * config.samples_per_step]
            if not 0 <= request.first < request.stop < len(work.bounds(len(rows))):
                continue
            total, n_samples = work.block(tensors.parameters, rows, request.first, request.stop)
            reply = request._replace(kind=Kind.REPLY, samples=n_samples, number=lease.number, dtype=dtype)
            give = _push(self._keys.replies, tensors.reply(reply, total))
            done.steps += 1
            done.samples += n_samples
            done.seconds_computing += time.perf_counter() - got

    def _look(self, stream: Stream) -> None:
        """Find out whether there is a reason to leave."""
        stream.send(encode("GETRANGE", self._keys.weights, 0, RECORD_BYTES - 1))
        self._done.outcome = self._why_leave(None, Record.decode(cast(bytes, stream.read())))

    def _is_of_another_life(self, stream: Stream) -> bool:
        """Tell whether the coordinator has died and the run goes on in its next life, with other leases."""
        stream.send(encode("GET", self._keys.life))
        life = stream.read()
        return life is not None and life != b"%d" % self._lease.incarnation

    def _sit_out(self, stream: Stream) -> None:
        """Occupy the lease without working, so that it is not offered to us again and again."""
        stream.send(_push(self._keys.replies, self._notice(Kind.JOINED) + self._worker.encode()))
        stream.skip(2)
        while not self._done.outcome:
            time.sleep(_PAUSE)
            self._look(stream)
            if self._is_of_another_life(stream):
                self._done.outcome = "coordinator is gone"

    def _samples(self) -> LabelledSamples | None:
        """Return the training samples, asking the coordinator for them if they are not on this machine."""
        samples = local_samples(self._lease.data_sha256)
        if samples is not None:
            return samples
        with closing(client(self._url)) as redis_client:
            asked = float("-inf")
            while samples is None:
                weights = redis_client.getrange(self._keys.weights, 0, RECORD_BYTES - 1)
                self._done.outcome = self._why_leave(None, Record.decode(cast(bytes, weights)))
                if self._done.outcome:
                    redis_client.rpush(self._keys.replies, self._farewell())
                    redis_client.expire(self._keys.replies, LIFETIME)
                    return None
                if time.monotonic() - asked > _POLL:
                    redis_client.rpush(self._keys.replies, self._notice(Kind.NEEDS_DATA))
                    redis_client.expire(self._keys.replies, LIFETIME)
                    asked = time.monotonic()
                samples = received_samples(redis_client, self._lease.data_sha256)
                if samples is None:
                    time.sleep(_PAUSE)
        return samples

    def _why_leave(self, request: Record | None, weights: Record | None) -> str:
        """Return why the lease should be left now, or nothing."""
        now = time.monotonic()
        if weights is not None:
            self._weights_seen = now
        # The weights decide; the sign in the list only wakes who waits there.
        told = request is not None and request.kind == Kind.OVER
        if told if weights is None else weights.number != self._lease.window:
            return "window over"
        # A lease that never saw weights came after its run; one that did allows the coordinator a pause.
        if self._weights_seen is None or now - self._weights_seen > _NO_COORDINATOR:
            return "coordinator is gone"
        return "worker is leaving" if is_leaving() else ""

    def _farewell(self) -> bytes:
        return self._notice(Kind.LEAVING) + self._worker.encode() if is_leaving() else self._notice(Kind.LEFT)

    def _notice(self, kind: Kind) -> bytes:
        return Record(kind, self._lease.incarnation, number=self._lease.number).encode()


def refuse(fields: dict[str, Any], url: str, worker: str) -> None:
    """Tell the coordinator of a lease of another version who cannot sit in it, as far as that can be told."""
    try:
        keys = Keys(str(fields["run"]), int(fields["incarnation"], 16))
        number = int(fields["number"])
    except (KeyError, TypeError, ValueError):  # even that has changed
        return
    with suppress(redis.RedisError), closing(client(url)) as redis_client:
        redis_client.rpush(keys.replies, Record(Kind.REFUSED, 0, number=number).encode() + worker.encode())
        redis_client.expire(keys.replies, LIFETIME)


def _read_request(stream: Stream) -> Record | None:
    """Read BLPOP's reply: nil, or the list's key and the request."""
    reply = stream.read()
    if not isinstance(reply, list) or not isinstance(reply[1], bytes):
        return None
    return Record.decode(reply[1])


def _push(key: str, value: bytes | tuple[Item, ...], lifetime: int = LIFETIME) -> list[Item]:
    """Encode a push; like every key, the list expires.  Redis answers twice."""
    return [*encode("RPUSH", key, value), *encode("EXPIRE", key, lifetime)]
