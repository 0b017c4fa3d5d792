"""Workers that answer at once: they take leases and requests as `worker.serve` does, and compute nothing.

One process plays all of them, each on a connection of its own, and ends when it is told to or Redis goes away.
"""

import base64
import json
import os
import select
import sys
import time
from contextlib import suppress
from typing import Any

import numpy as np

from shared.data.samples import VectorSamples
from shared.errors import QueueError
from shared.messaging.identities import Credentials
from shared.messaging.keys import PREFIX, QUEUE, Keys
from shared.messaging.lease import Lease
from shared.messaging.records import Kind, Record, token_of
from shared.messaging.resp import PUSH_ANSWERS, Stream, encode, push
from shared.messaging.sockets import Item
from shared.nn.parameters import Parameters
from shared.parallel.strategy import strategy_of
from shared.transport.base import WorkerTransport
from shared.transport.codecs import codecs_of
from shared.transport.redis import RedisWorkerTransport
from shared.transport.regions import SharedTensors
from shared.transport.shared_memory import SharedMemoryWorkerTransport
from worker.messages import Notices

_AWAKE = 0.001  # seconds of looking before sleeping, as workers do (shared/messaging/sockets.py)
_TAKE_LEASE = encode("BRPOP", f"{PREFIX}{QUEUE}", 0)


class FakeWorker:
    """One of them."""

    def __init__(self, url: str, slot: int, n_samples: int, memory: tuple[int, int] | None) -> None:
        """slot: of this one in the shared memory, from 1.  memory: its descriptor, and how many slots it has."""
        self.stream = Stream(url, 60.0)
        self._slot, self._n_samples, self._memory = slot, n_samples, memory
        self._lease: Lease | None = None
        self._transport: WorkerTransport | None = None
        self._owed = 0  # answers to a push
        self._credentials, self._credential = Credentials(), 0
        self.stream.send(_TAKE_LEASE)

    def serve(self) -> None:
        """Read what has come, and answer."""
        if self._lease is None:
            self._begin(self.stream.read())
            return
        if self._owed:  # the next request may be long in coming, and others must not wait
            self.stream.skip(self._owed)
            self._owed = 0
            if not self.stream.pending:
                return
        taken: Any = self.stream.read()
        request = None if taken is None else Record.decode(taken[1])
        assert self._transport is not None
        weights, _ = self._transport.read(self.stream)
        if weights is None or weights.number != self._lease.window:
            self._leave(request)
        elif request is None or request.step != weights.step:
            self._ask([])
        else:
            self._ask(push(self._keys.replies, self._reply(request, taken[1])))

    def _begin(self, message: Any) -> None:
        """Take the lease that Celery's message holds."""
        arguments, _, _ = json.loads(base64.b64decode(json.loads(message[1])["body"]))
        lease = self._lease = Lease.from_json(arguments[0])
        config = lease.config
        self._keys, self._key = Keys(lease.run, lease.incarnation), lease.key
        self._credential = self._credentials.in_run(lease.run)
        self._notices = Notices(lease, f"fake{self._slot}", lease.kernels, self._credential)
        if self._transport is None:  # of all leases of the one run
            self._gradient = np.full(Parameters.count(config.sizes), 1e-6, config.dtype)
            none = np.empty((0, 0))
            self._bounds = strategy_of(config, VectorSamples(none, none)).bounds
            self._transport = self._way(lease)
        own, common = self._keys.own_requests(lease.window, lease.number), self._keys.requests(lease.window)
        self._take = [*encode("BLPOP", own, common, 1), *self._transport.get]
        self._ask(push(self._keys.replies, self._notices.joined()))

    def _way(self, lease: Lease) -> WorkerTransport:
        config, codecs, weights = lease.config, codecs_of(lease.config), self._keys.weights
        if self._memory is None:
            return RedisWorkerTransport(config, codecs, weights)
        descriptor, slots = self._memory
        return SharedMemoryWorkerTransport(
            SharedTensors(descriptor, config, slots), self._slot, config, codecs, weights
        )

    def _reply(self, request: Record, taken: bytes) -> tuple[Item, ...]:
        assert self._lease is not None and self._transport is not None
        config = self._lease.config
        index = request.step % config.sampler(self._n_samples).numbers_per_epoch
        bounds = self._bounds(min(config.samples_per_step, self._n_samples - index * config.samples_per_step))
        samples = bounds[request.stop] - bounds[request.first]
        dtype = ord(config.numpy_dtype.char)
        reply = request._replace(
            kind=Kind.REPLY,
            samples=samples,
            number=self._lease.number,
            dtype=dtype,
            token=token_of(taken),
            credential=self._credential,
        )
        return self._transport.reply(reply, self._gradient, self._key)

    def _leave(self, request: Record | None) -> None:
        assert self._lease is not None
        back: list[Item] = []
        if request is not None and request.kind == Kind.OVER:  # others wait for it too
            back = push(self._keys.requests(self._lease.window), request.encode())
        self.stream.send(back + push(self._keys.replies, self._notices.left(False)))
        self.stream.skip(2 * PUSH_ANSWERS if back else PUSH_ANSWERS)
        self._lease = None
        self.stream.send(_TAKE_LEASE)

    def _ask(self, give: list[Item]) -> None:
        self._owed = PUSH_ANSWERS if give else 0
        self.stream.send(give + self._take)


def main(url: str, workers: int, n_samples: int, descriptor: int | None = None) -> None:
    """Play workers.

    n_samples: of the run's training.  descriptor: of memory that is shared with the coordinator; without it tensors go
    through Redis.
    """
    memory = None if descriptor is None else (descriptor, workers)
    fakes = [FakeWorker(url, number, n_samples, memory) for number in range(1, workers + 1)]
    by_descriptor = {fake.stream.fileno(): fake for fake in fakes}
    readable = select.poll()
    for each in by_descriptor:
        readable.register(each, select.POLLIN)
    asleep = 0.0
    with suppress(QueueError):
        while True:
            ready = readable.poll(0 if time.perf_counter() < asleep else None)
            for each, _ in ready:
                by_descriptor[each].serve()
            if ready:
                asleep = time.perf_counter() + _AWAKE
            else:
                os.sched_yield()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
