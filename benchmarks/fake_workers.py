"""Workers that answer at once: they take leases and requests as `worker.session` does, and compute nothing.

One process plays all of them, each on a connection of its own, and ends when it is told to or Redis goes away.
"""

import base64
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import redis

from shared.config import TrainConfig
from shared.messaging.addresses import QUEUE
from shared.messaging.records import LIFETIME, Keys, Kind, Lease, Record
from shared.messaging.resp import Stream, encode
from shared.nn.parameters import Parameters
from shared.parallel.strategy import work_of
from shared.transport.base import InMemory, Tensors, ThroughRedis
from shared.transport.shared_memory import SharedTensors

_AWAKE = 0.001  # seconds of looking before sleeping, as workers do (shared/messaging/sockets.py)
_TAKE_LEASE = encode("BRPOP", f"gradmq:{QUEUE}", 0)


class FakeWorker:
    """One of them."""

    def __init__(self, url: str, slot: int, n_samples: int, memory: tuple[int, int] | None) -> None:
        """slot: of this one in the shared memory, from 1.  memory: its descriptor, and how many slots it has."""
        self._stream = Stream(url, 60.0)
        self._slot, self._n_samples, self._memory = slot, n_samples, memory
        self._tensors: Tensors
        self._gradient: Any = None
        self._lease: Lease | None = None
        self._answers = 0  # to what was pushed, which Redis still owes us
        self._stream.send(_TAKE_LEASE)

    def fileno(self) -> int:
        return int(self._stream._wire._socket.fileno())

    def serve(self) -> None:
        """Read what has come, and answer."""
        if self._lease is None:
            self._begin(self._stream.read())
            return
        if self._answers:  # the next request may be long in coming, and others must not wait
            self._stream.skip(self._answers)
            self._answers = 0
            if self._stream._start == self._stream._end:
                return
        taken = self._stream.read()
        request = None if taken is None else Record.decode(taken[1])  # type: ignore[index, arg-type]
        weights, _ = self._tensors.read(self._stream)
        if weights is None or weights.number != self._lease.window:
            self._leave(request)
        elif request is None or request.step != weights.step:
            self._ask([])
        else:
            self._ask(self._reply(request))

    def _begin(self, message: Any) -> None:
        arguments, _, _ = json.loads(base64.b64decode(json.loads(message[1])["body"]))
        lease = self._lease = Lease.from_json(arguments[0])
        self._keys = Keys(lease.run, lease.incarnation)
        if self._gradient is None:
            config = lease.config
            self._gradient = np.full(Parameters.count(config.sizes), 1e-6, config.dtype)
            self._work = work_of(config, np.empty(0))  # of which only the bounds are asked
            self._tensors = self._way(config)
        self._take = [*encode("BLPOP", self._keys.requests(lease.window), 1), *self._tensors.get]
        self._ask(self._push(self._keys.replies, self._notice(Kind.JOINED) + b"fake%d" % self._slot))

    def _way(self, config: TrainConfig) -> Tensors:
        if self._memory is None:
            return ThroughRedis(config, self._keys.weights)
        descriptor, slots = self._memory
        return InMemory(SharedTensors(descriptor, config, slots), self._slot, config, self._keys.weights)

    def _reply(self, request: Record) -> list[Any]:
        assert self._lease is not None
        config = self._lease.config
        batch = request.step % config.steps_per_epoch(self._n_samples)
        bounds = self._work.bounds(min(config.samples_per_step, self._n_samples - batch * config.samples_per_step))
        samples = bounds[request.stop] - bounds[request.first]
        dtype = ord(config.numpy_dtype.char)
        reply = request._replace(kind=Kind.REPLY, samples=samples, number=self._lease.number, dtype=dtype)
        return self._push(self._keys.replies, self._tensors.reply(reply, self._gradient))

    def _leave(self, request: Record | None) -> None:
        back = []
        if request is not None and request.kind == Kind.OVER:  # others wait for it too
            assert self._lease is not None
            back = self._push(self._keys.requests(self._lease.window), request.encode())
        farewell = self._push(self._keys.replies, self._notice(Kind.LEFT))
        self._stream.send(back + farewell)
        self._stream.skip(4 if back else 2)
        self._lease = None
        self._stream.send(_TAKE_LEASE)

    def _ask(self, give: list[Any]) -> None:
        self._answers = 2 if give else 0
        self._stream.send(give + self._take)

    def _notice(self, kind: Kind) -> bytes:
        assert self._lease is not None
        return Record(kind, self._lease.incarnation, number=self._lease.number).encode()

    @staticmethod
    def _push(key: str, value: Any) -> list[Any]:
        return [*encode("RPUSH", key, value), *encode("EXPIRE", key, LIFETIME)]


@contextmanager
def process(url: str, workers: int, n_samples: int, descriptor: int | None) -> Iterator[None]:
    """Have a process play so many workers for the time of the block.

    n_samples: of the run's training.  descriptor: of memory that is shared with the coordinator; without it tensors go
    through Redis.
    """
    inherited = () if descriptor is None else (descriptor,)
    command = [sys.executable, "-m", "benchmarks.fake_workers", url, *map(str, (workers, n_samples, *inherited))]
    with subprocess.Popen(command, pass_fds=inherited, cwd=Path(__file__).parents[1]) as playing:
        try:
            yield
        finally:
            playing.terminate()


def main(url: str, workers: int, n_samples: int, descriptor: int | None = None) -> None:
    """Play the workers; see `process`."""
    memory = None if descriptor is None else (descriptor, workers)
    fakes = [FakeWorker(url, number, n_samples, memory) for number in range(1, workers + 1)]
    by_descriptor = {fake.fileno(): fake for fake in fakes}
    readable = select.poll()
    for each in by_descriptor:
        readable.register(each, select.POLLIN)
    asleep = 0.0
    with suppress(redis.RedisError):
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
