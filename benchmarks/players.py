"""Plays workers that answer at once: takes seats and requests as `worker.seat` does, and computes nothing.

    python benchmarks/players.py REDIS_URL WORKERS SAMPLES [DESCRIPTOR]

One process plays all of them, each on a connection of its own, and ends when it is told to or Redis goes away.
SAMPLES: of the run's training.  DESCRIPTOR: of memory that is shared with the coordinator; without it tensors go
through Redis. benchmarks/scale.py starts this.
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
import redis

from shared.config import TrainConfig
from shared.messaging.keys import QUEUE
from shared.messaging.keys import LIFETIME, Keys
from shared.messaging.records import Kind, Record, Seat
from shared.messaging.resp import Stream, encode
from shared.nn.parameters import Parameters
from shared.parallel.strategy import work_of
from shared.transport.base import InMemory, Tensors, ThroughRedis
from shared.transport.regions import SharedTensors

_AWAKE = 0.001  # seconds of looking before sleeping, as workers do (shared/wire.py)
_TAKE_SEAT = encode("BRPOP", f"gradmq:{QUEUE}", 0)


class Player:
    """One worker that is played."""

    def __init__(self, url: str, place: int, n_samples: int, descriptor: int | None) -> None:
        """place: among the players, from 1."""
        self._stream = Stream(url, 60.0)
        self.descriptor = self._stream._wire._socket.fileno()
        self._place, self._n_samples, self._memory = place, n_samples, descriptor
        self._tensors: Tensors
        self._gradient: Any = None
        self._seat: Seat | None = None
        self._stream.send(_TAKE_SEAT)

    def serve(self) -> None:
        """Read what has come, and answer."""
        if self._seat is None:
            self._sit(self._stream.read())
            return
        if self._answers:  # to what was pushed; the next request may be long in coming, and others must not wait
            self._stream.skip(self._answers)
            self._answers = 0
            if self._stream._start == self._stream._end:
                return
        taken = self._stream.read()
        request = None if taken is None else Record.decode(taken[1])  # type: ignore[index, arg-type]
        weights, _ = self._tensors.read(self._stream)
        if weights is None or weights.number != self._seat.span:
            self._leave(request)
        elif request is None or request.step != weights.step:
            self._ask([])
        else:
            self._ask(self._reply(request))

    def _sit(self, message: Any) -> None:
        arguments, _, _ = json.loads(base64.b64decode(json.loads(message[1])["body"]))
        seat = self._seat = Seat.from_json(arguments[0])
        self._keys = Keys(seat.run, seat.incarnation)
        if self._gradient is None:
            config = seat.config
            self._gradient = np.full(Parameters.count(config.sizes), 1e-6, config.dtype)
            self._work = work_of(config, np.empty(0))  # of which only the bounds are asked
            self._tensors = self._way(config)
        self._take = [*encode("BLPOP", self._keys.requests(seat.span), 1), *self._tensors.get]
        self._ask(self._push(self._keys.replies, self._notice(Kind.JOINED) + b"player%d" % self._place))

    def _way(self, config: TrainConfig) -> Tensors:
        if self._memory is None:
            return ThroughRedis(config, self._keys.weights)
        return InMemory(SharedTensors(self._memory, config), self._place, config, self._keys.weights)

    def _reply(self, request: Record) -> list[Any]:
        assert self._seat is not None
        config = self._seat.config
        batch = request.step % config.steps_per_epoch(self._n_samples)
        bounds = self._work.bounds(min(config.samples_per_step, self._n_samples - batch * config.samples_per_step))
        samples = bounds[request.stop] - bounds[request.first]
        dtype = ord(config.numpy_dtype.char)
        reply = request._replace(kind=Kind.REPLY, samples=samples, number=self._seat.number, dtype=dtype)
        return self._push(self._keys.replies, self._tensors.reply(reply, self._gradient))

    def _leave(self, request: Record | None) -> None:
        back = []
        if request is not None and request.kind == Kind.OVER:  # others wait for it too
            assert self._seat is not None
            back = self._push(self._keys.requests(self._seat.span), request.encode())
        farewell = self._push(self._keys.replies, self._notice(Kind.LEFT))
        self._stream.send(back + farewell)
        self._stream.skip(4 if back else 2)
        self._seat = None
        self._stream.send(_TAKE_SEAT)

    def _ask(self, give: list[Any]) -> None:
        self._answers = 2 if give else 0
        self._stream.send(give + self._take)

    def _notice(self, kind: Kind) -> bytes:
        assert self._seat is not None
        return Record(kind, self._seat.incarnation, number=self._seat.number).encode()

    @staticmethod
    def _push(key: str, value: Any) -> list[Any]:
        return [*encode("RPUSH", key, value), *encode("EXPIRE", key, LIFETIME)]


def main() -> None:
    url, workers, n_samples, *memory = sys.argv[1:]
    descriptor = int(memory[0]) if memory else None
    players = [Player(url, place, int(n_samples), descriptor) for place in range(1, int(workers) + 1)]
    by_descriptor = {player.descriptor: player for player in players}
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
    main()
