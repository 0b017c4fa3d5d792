"""A worker in a thread, which we make misbehave."""

import base64
import contextlib
import json
import threading
import time
from collections.abc import Callable

import numpy as np
import redis

from shared.messaging.identities import Credentials, called, worker_id
from shared.messaging.introduction import Introduction
from shared.messaging.keys import Keys
from shared.messaging.lease import Lease
from shared.messaging.records import RECORD_BYTES, Kind, Record, token_of
from shared.messaging.seals import SEAL_BYTES, Key, digest
from shared.nn.parameters import Parameters
from shared.transport.codecs import codecs_of, memory_bytes
from tests.support.learning import work_of
from tests.support.servers import Server
from tests.support.waiting import wait_until


def honest(message: bytes, record: Record) -> list[bytes]:
    """Answer rightly, once."""
    return [message]


def changed(message: bytes, record: Record, **fields: int) -> bytes:
    """The same gradient, spoilt so that adding it would show, under another name; still to be sealed."""
    spoilt = np.frombuffer(message[RECORD_BYTES:], chr(record.dtype)) + 1
    return record._replace(**fields).encode() + spoilt.tobytes()


def sealed(message: bytes, key: Key, credential: int) -> bytes:
    """Seal a message as its sender would, whatever it says; but not what has a seal already, or is no message.

    credential: the sender's.
    """
    record, content = Record.decode(message), message[RECORD_BYTES:]
    if record is None or message[RECORD_BYTES - SEAL_BYTES : RECORD_BYTES].strip(b"\0"):
        return message
    return record._replace(content=digest(content), credential=credential).encode(key) + content


class FakeWorker(threading.Thread):
    """Computes right gradients and answers every request with the messages that `answer` makes of it.

    They are sealed then, if they are not, so that this worker stands for them.
    """

    def __init__(
        self, server: Server, answer: Callable[[bytes, Record], list[bytes]] = honest, name: str = "fake"
    ) -> None:
        super().__init__(daemon=True)
        self._server, self._answer, self._name_sent = server, answer, name
        self.credentials = Credentials()
        self.lease: Lease | None = None  # the latest that it took
        self._is_to_leave = threading.Event()
        self.requests = 0
        self.messages = 0

    @property
    def called(self) -> str:
        """What it is called in the run of the tests."""
        return called(self._name_sent, self.credentials.in_run("test"))

    def start_after(self, other: "FakeWorker", requests: int) -> None:
        """Start as soon as another worker has answered so many requests."""

        def start() -> None:
            wait_until(lambda: other.requests >= requests, f"{requests} requests to the worker before")
            self.start()

        threading.Thread(target=start, daemon=True).start()

    def leave(self) -> None:
        """Stop, and say nothing more."""
        self._is_to_leave.set()
        self.join()

    def run(self) -> None:
        """Take one lease after the other until Redis goes away with the test."""
        with contextlib.suppress(redis.RedisError), self._server.client() as client:
            while not self._is_to_leave.is_set():
                if lease := self._take_lease(client):
                    self.lease = lease
                    self._serve(client, lease)

    def _take_lease(self, client: redis.Redis) -> Lease | None:
        """Take a lease from the queue as Celery would, if there is one."""
        taken = client.brpop("gradmq:leases", 1)
        if taken is None:
            return None
        arguments, _, _ = json.loads(base64.b64decode(json.loads(taken[1])["body"]))
        return Lease.from_json(arguments[0])

    def _serve(self, client: redis.Redis, lease: Lease) -> None:
        keys, key, credential = Keys(lease.run, lease.incarnation), lease.key, self.credentials.in_run(lease.run)
        if not self._is_open(client, lease):
            return
        joined = Record(Kind.JOINED, lease.incarnation, number=lease.number)
        introduction = Introduction(self._name_sent, lease.kernels)
        client.rpush(keys.replies, sealed(joined.encode() + introduction.encode(), key, credential))
        while worker_id(credential) in lease.excluded:
            time.sleep(0.05)
            if not self._is_open(client, lease):
                return
        while not self._is_to_leave.is_set():
            taken = client.blpop([keys.own_requests(lease.window, lease.number), keys.requests(lease.window)], 1)
            if taken is None:
                continue
            request = Record.decode(taken[1])
            if request.kind == Kind.OVER:
                client.rpush(keys.requests(lease.window), taken[1])
                return
            weights = client.get(keys.weights)
            if weights is None:  # the run is over
                return
            if Record.decode(weights).step == request.step:
                answers = self._replies(lease, request, weights, taken[1])
                messages = [sealed(message, key, credential) for message in answers]
                self.requests += 1  # before the reply, which may end the test
                self.messages += len(messages)
                client.rpush(keys.replies, *messages)

    def _is_open(self, client: redis.Redis, lease: Lease) -> bool:
        """Tell whether the lease's window is the run's current one."""
        weights = client.get(Keys(lease.run, lease.incarnation).weights)
        return weights is not None and Record.decode(weights).number == lease.window

    def _replies(self, lease: Lease, request: Record, weights: bytes, taken: bytes) -> list[bytes]:
        config, dtype, count = lease.config, lease.config.numpy_dtype, Parameters.count(lease.config.sizes)
        codec = codecs_of(config).weights
        memory = np.zeros(memory_bytes(codec, dtype, count), np.uint8)
        memory[: codec.nbytes(dtype, count)] = np.frombuffer(weights[RECORD_BYTES:], np.uint8)
        parameters = Parameters(config.sizes, config.dtype, codec.decode(memory, dtype, count))
        work, step = work_of(request.step, config)
        total, (correct, cost, samples) = work.block(parameters, step, request.first, request.stop)
        kind, char = (Kind.SCORE, 0) if work.evaluates else (Kind.REPLY, ord(dtype.char))
        reply = request._replace(
            kind=kind,
            samples=samples,
            number=lease.number,
            dtype=char,
            cost=cost,
            correct=correct,
            token=token_of(taken),
        )
        return self._answer(reply.encode() + total.tobytes(), reply)
