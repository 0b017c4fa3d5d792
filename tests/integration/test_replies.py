"""The exchange on a real Redis, with a worker that we make misbehave."""

import base64
import contextlib
import json
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from kombu.exceptions import OperationalError

from coordinator.accounting import Ledger
from coordinator.gradients.in_process import InProcessGradients
from coordinator.gradients.pending import PendingStep, Verdict
from coordinator.gradients.remote import RemoteGradients
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.data.samples import LabelledSamples
from shared.errors import MessageError, VersionError
from shared.messaging.records import RECORD_BYTES, Keys, Kind, Lease, Record
from shared.messaging.resp import Stream, encode
from shared.parallel.sgd import Gradients, epoch_order, initial_parameters, sgd_step
from shared.transport.samples import download, upload
from shared.transport.shared_memory import SharedTensors
from tests.conftest import Server

CONFIG = TrainConfig((12, 5, 3), epochs=1, mini_batch_size=6, eta=3.0, seed=5, shards=4, dtype="float32")
_rng = np.random.default_rng(0)
SAMPLES = LabelledSamples(_rng.integers(0, 256, (60, 12)).astype(np.uint8), _rng.integers(0, 3, 60), 3)


def learn(gradient: Callable, steps: int = 10, config: TrainConfig = CONFIG) -> tuple[str, int]:
    """Take steps with gradients from there; return the fingerprint and the samples counted."""
    parameters = initial_parameters(config.sizes, config.seed, config.dtype)
    order = epoch_order(config.seed, 0, len(SAMPLES))
    samples = 0
    for batch in range(steps):
        total, n_samples = gradient(parameters, 0, batch, order[batch * 6 : batch * 6 + 6])
        sgd_step(parameters, total, config.eta, n_samples)
        samples += n_samples
    return parameters.sha256, samples


@pytest.fixture
def exchange(server):
    made = gradients_on(server)
    yield made
    made.close()


def gradients_on(
    server: Server,
    batches_per_task: int | None = None,
    audit: float = 0.0,
    state: State | None = None,
    tensors: SharedTensors | None = None,
) -> RemoteGradients:
    state = state or State.initial(CONFIG)
    return RemoteGradients(
        *(server.url, celery_url(server), "test", CONFIG, SAMPLES, state),
        *(batches_per_task, audit, lambda: None, tensors),
    )


def celery_url(server: Server) -> str:
    return server.tcp_url


def take_lease(server: Server) -> Lease:
    """Take a lease from the queue as Celery would."""
    with server.client() as client:
        while (taken := client.brpop("gradmq:leases", 5)) is None:
            pass
    message = taken[1]
    arguments, _, _ = json.loads(base64.b64decode(json.loads(message)["body"]))
    return Lease.from_json(arguments[0])


def alone() -> Callable:
    """The gradient in one process."""
    return InProcessGradients(CONFIG, SAMPLES, Ledger()).gradient


class BadWorker(threading.Thread):
    """Computes right gradients and answers every request with the messages that `answer` makes of it."""

    def __init__(self, server: Server, answer: Callable[[bytes, Record], list[bytes]], name: str = "bad") -> None:
        super().__init__(daemon=True)
        self._server, self._answer, self._name_sent = server, answer, name.encode()
        self.requests = 0
        self.messages = 0

    def run(self) -> None:
        """Take one lease after the other until Redis goes away with the test."""
        with contextlib.suppress(redis.RedisError):
            while True:
                self._sit(take_lease(self._server))

    def _sit(self, lease: Lease) -> None:
        keys = Keys(lease.run, lease.incarnation)
        gradients = Gradients(SAMPLES, CONFIG.sizes, CONFIG.dtype)
        parameters = initial_parameters(CONFIG.sizes, 0, CONFIG.dtype)
        with self._server.client() as client:
            weights = client.get(keys.weights)
            if weights is None or Record.decode(weights).number != lease.window:
                return  # a lease of a window that is over
            client.rpush(
                keys.replies, Record(Kind.JOINED, lease.incarnation, number=lease.number).encode() + self._name_sent
            )
            while self._name_sent.decode() in lease.excluded:
                time.sleep(0.05)
                weights = client.get(keys.weights)
                if weights is None or Record.decode(weights).number != lease.window:
                    return
            while True:
                taken = client.blpop(keys.requests(lease.window), 1)
                if taken is None:
                    continue
                request = Record.decode(taken[1])
                if request.kind == Kind.OVER:
                    client.rpush(keys.requests(lease.window), taken[1])
                    return
                weights = client.get(keys.weights)
                if weights is None:  # the run is over
                    return
                if Record.decode(weights).step != request.step:
                    continue
                parameters.flat[:] = np.frombuffer(weights[RECORD_BYTES:], CONFIG.dtype)
                rows = epoch_order(CONFIG.seed, 0, len(SAMPLES))[request.step * 6 : request.step * 6 + 6]
                total, n_samples = gradients.block(parameters, rows, CONFIG.shards, request.first, request.stop)
                reply = request._replace(kind=Kind.REPLY, samples=n_samples, number=lease.number, dtype=ord("f"))
                messages = self._answer(reply.encode() + total.tobytes(), reply)
                self.requests += 1  # before the reply, which may end the test
                self.messages += len(messages)
                client.rpush(keys.replies, *messages)


def changed(message: bytes, record: Record, **fields: int) -> bytes:
    """The same gradient, spoilt so that adding it would show, under another name."""
    spoilt = np.frombuffer(message[RECORD_BYTES:], np.float32) + np.float32(1)
    return record._replace(**fields).encode() + spoilt.tobytes()


def test_a_reply_delivered_twice_changes_nothing(server, exchange):
    worker = BadWorker(server, lambda message, record: [message, changed(message, record), message])
    worker.start()
    assert learn(exchange.gradient) == learn(alone())
    assert worker.messages == 3 * worker.requests >= 30


def test_a_late_reply_from_another_step_changes_nothing(server, exchange):
    late: list[bytes] = []

    def answer(message: bytes, record: Record) -> list[bytes]:
        late.append(changed(message, record))
        return [*late[-3:-1], message]

    worker = BadWorker(server, answer)
    worker.start()
    assert learn(exchange.gradient) == learn(alone())
    assert worker.messages > 2 * worker.requests


@pytest.mark.parametrize(
    "fields",
    [
        {"incarnation": 1},
        {"step": 99},
        {"first": 3},
        {"first": 2**32 - 1},
        {"stop": 2**32 - 1},
        {"samples": 5},
        {"kind": Kind.WEIGHTS},
        {"kind": 255},
    ],
)
def test_a_reply_under_a_false_name_changes_nothing(server, exchange, fields):
    worker = BadWorker(server, lambda message, record: [changed(message, record, **fields), message])
    worker.start()
    assert learn(exchange.gradient, 3) == learn(alone(), 3)
    assert worker.messages == 2 * worker.requests


@pytest.mark.parametrize("spoil", [lambda m: b"", lambda m: m[:-4], lambda m: m + b"1234", lambda m: b"X" + m[1:]])
def test_a_reply_of_the_wrong_length_or_kind_changes_nothing(server, exchange, spoil):
    worker = BadWorker(server, lambda message, record: [spoil(message), message])
    worker.start()
    assert learn(exchange.gradient, 3) == learn(alone(), 3)
    assert worker.messages == 2 * worker.requests


def test_a_request_without_a_reply_is_asked_again(server, exchange):
    forgotten: list[Record] = []

    def answer(message: bytes, record: Record) -> list[bytes]:
        if record.step == 2 and record.step not in [record.step for record in forgotten]:
            forgotten.append(record)
            return [changed(message, record, step=1)]
        return [message]

    exchange._timer.add(0.001)  # so that a second without a reply counts as late
    BadWorker(server, answer).start()
    assert learn(exchange.gradient) == learn(alone())
    assert len(forgotten) == 1


@pytest.mark.parametrize("victim", ["set", "rpush"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_failure_while_a_span_is_opened_loses_nothing(server, victim, times):
    """The connection breaks at the worst moment, `times` times over."""
    made = gradients_on(server, batches_per_task=4)
    broken: list[str] = []

    def fail(*arguments, **options):
        if len(broken) < times:
            broken.append(victim)
            raise redis.ConnectionError("cut by the test")
        return whole(*arguments, **options)

    BadWorker(server, lambda message, record: [message]).start()
    order = epoch_order(CONFIG.seed, 0, len(SAMPLES))
    parameters = initial_parameters(CONFIG.sizes, CONFIG.seed, CONFIG.dtype)
    made.gradient(parameters, 0, 0, order[:6])
    whole = getattr(made._client, victim)
    setattr(made._client, victim, fail)
    assert learn(made.gradient) == learn(alone())
    assert len(broken) == times
    made.close()


def test_a_broker_that_fails_while_seats_are_given_out_loses_no_lease(server):
    made = gradients_on(server, batches_per_task=4)
    failures: list[int] = []
    send = made._leases._app.send_task

    def fail(*arguments, **options):
        failures.append(1)
        if len(failures) % 3:
            raise OperationalError("cut by the test")
        return send(*arguments, **options)

    made._leases._app.send_task = fail
    BadWorker(server, lambda message, record: [message]).start()
    assert learn(made.gradient) == learn(alone())
    assert len(failures) >= 3 * 3 * 4  # three windows of four leases, each of them refused twice
    made.close()


def test_the_samples_travel_once_and_are_the_same(server):
    with server.client() as client:
        assert download(client, SAMPLES.sha256) is None
        upload(client, SAMPLES)
        received = download(client, SAMPLES.sha256)
        assert received is not None
        np.testing.assert_array_equal(received.images, SAMPLES.images)
        np.testing.assert_array_equal(received.labels, SAMPLES.labels)
        assert all(client.ttl(key) > 0 for key in client.keys("*"))
        # Damaged samples are not those of that name.
        key = next(key for key in client.keys("*") if b"images" in key)
        client.setrange(key, 3, b"\1\2\3")
        assert download(client, SAMPLES.sha256) is None


def test_a_run_leaves_no_key_that_does_not_expire(server, exchange):
    BadWorker(server, lambda message, record: [message]).start()
    learn(exchange.gradient)
    with server.client() as client:
        ours = [key for key in client.keys("gradmq:test:*") if client.ttl(key) < 0]
        assert ours == []
        exchange.close()
        time.sleep(0.1)
        left = client.keys("gradmq:test:*:weights") + client.keys("gradmq:test:*:replies")
        assert left == []


@given(fields=st.tuples(*[st.integers(0, 2**bits - 1) for bits in (8, 64, 64, 32, 32, 32, 32, 8)]))
def test_a_record_survives_its_journey(fields):
    record = Record(*fields)
    assert len(record.encode()) == RECORD_BYTES
    assert Record.decode(record.encode()) == record
    assert Record.decode(memoryview(record.encode() + b"gradient")) == record


@given(data=st.binary(max_size=200))
def test_anything_else_is_no_record(data):
    assert Record.decode(data) is None


def test_a_seat_survives_its_journey():
    lease = Lease("run", 2**64 - 1, CONFIG, "digest", 3, 500, 1000, 7, 8, "1/2", ("worker@host:1",))
    assert Lease.from_json(json.loads(json.dumps(lease.to_json()))) == lease
    assert lease.name == "epoch 3, mini-batches 500–999, lease 1/2"
    with pytest.raises(VersionError, match="version 99"):
        Lease.from_json({**lease.to_json(), "version": 99})
    with pytest.raises(MessageError, match="not as it was given out"):
        Lease.from_json({**lease.to_json(), "epoch": 4})


def test_an_ask_counts_each_shard_once():
    ask = PendingStep(incarnation=1, step=7, rows=np.arange(10), bounds=[0, 5, 10], workers=2)
    first, second = (request._replace(kind=Kind.REPLY, samples=5, number=1) for request in ask.unanswered())
    verdicts = []
    for reply in (first, first, second, first._replace(step=6), first._replace(step=8), second._replace(stop=1)):
        verdicts.append(ask.judge(reply).name)
        if ask.judge(reply) is Verdict.ANSWER:
            ask.accept(reply, np.zeros(1))
    assert verdicts == ["ANSWER", "DUPLICATE", "ANSWER", "LATE", "WRONG", "WRONG"]
    assert (ask.missing, ask.n_samples, len(ask.replies())) == (0, 10, 2)


def test_the_stream_reads_large_replies_in_place_and_survives_odd_sizes(server):
    stream = Stream(server.url, 5)
    for size in (0, 1, 4093, 4094, 4095, 4096, 4097, 8192, 300_000):
        content = np.arange(size, dtype=np.uint8)
        stream.send([*encode("SET", "x", (b"head", content.data)), *encode("GET", "x"), *encode("LLEN", "none")] * 3)
        received = np.zeros(size + 4, np.uint8)
        for _ in range(3):
            assert stream.read() == b"OK"
            assert stream.read_into(received.data) == size + 4
            assert stream.read() == 0
        assert received[:4].tobytes() == b"head"
        np.testing.assert_array_equal(received[4:], content)
    stream.send([*encode("GET", "x"), *encode("GET", "nothing"), *encode("BLPOP", "none", 0.01)])
    assert stream.read_into(np.zeros(5, np.uint8).data) == 300_004  # too long: dropped, and the next one is in place
    assert stream.read_into(np.zeros(5, np.uint8).data) is None
    assert stream.read_array() is None
    stream.close()


def test_a_weights_key_of_the_wrong_type_is_replaced(server, exchange):
    """Somebody puts a list where the weights are, while a step waits for them to be taken."""
    spoilt: list[bytes] = []

    def spoil() -> None:
        time.sleep(0.5)  # by when the step waits
        with server.client() as client:
            (key,) = client.keys("gradmq:test:*:weights")
            with client.pipeline(transaction=True) as pipeline:
                pipeline.delete(key).rpush(key, "x").type(key).execute()
            spoilt.append(key)
            deadline = time.monotonic() + 20
            while client.type(key) == b"list" and time.monotonic() < deadline:
                time.sleep(0.02)
        BadWorker(server, lambda message, record: [message]).start()

    threading.Thread(target=spoil, daemon=True).start()
    assert learn(exchange.gradient) == learn(alone())
    assert spoilt
