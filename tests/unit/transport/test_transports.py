"""Both halves of every way, put together without a Redis: weights go there, gradients come back."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from shared.config import TrainConfig
from shared.messaging.keys import WEIGHTS_LIFETIME, Keys
from shared.messaging.lease import Lease
from shared.messaging.records import RECORD_BYTES, Kind, Record
from shared.messaging.seals import Key
from shared.nn.parameters import Parameters
from shared.strategies import SyncSGD
from shared.transport import shared_memory
from shared.transport.base import CoordinatorTransport, WorkerTransport, coordinator_transport, worker_transport
from shared.transport.codecs import CODECS, Codecs, Identity, codecs_of
from shared.transport.redis import RedisCoordinatorTransport, RedisWorkerTransport
from shared.transport.regions import SharedTensors
from shared.transport.shared_memory import SharedMemoryCoordinatorTransport, SharedMemoryWorkerTransport
from tests.support.learning import DIGESTS, EXACT, KERNELS, SECRET

SHARDS = 2
CONFIG = TrainConfig(
    sizes=(4, 3, 2),
    epochs=1,
    mini_batch_size=6,
    learning_rate=3.0,
    arithmetic="native",
    strategy=SyncSGD(shards=SHARDS),
)
INCARNATION, SLOTS, SLOT = 7, 2, 2
KEYS = Keys("run", INCARNATION)
LEASE = Lease(
    "run",
    INCARNATION,
    CONFIG,
    DIGESTS,
    0,
    0,
    10,
    10,
    window=3,
    number=5,
    label="1/2",
    excluded=(),
    kernels=KERNELS,
    secret=SECRET,
)
RECORD = Record(Kind.WEIGHTS, INCARNATION, step=1, number=3)
REPLY = Record(Kind.REPLY, INCARNATION, step=1, first=1, stop=2, samples=3, number=5, dtype=ord("f"), region=2)
COUNT = Parameters.count(CONFIG.sizes)
KEY = Key(bytes.fromhex(SECRET))


class Redis:
    """One string, as both sides see it."""

    def __init__(self) -> None:
        self.value: bytes | None = None
        self.ways: list[bytes] = []
        self.lifetimes: list[float] = []

    def take(self, command: list[Any]) -> None:
        """Do a SET as it was encoded."""
        sent = b"".join(command)
        arguments = []
        count, sent = sent[1:].split(b"\r\n", 1)
        for _ in range(int(count)):
            size, sent = sent[1:].split(b"\r\n", 1)
            arguments.append(sent[: int(size)])
            sent = sent[int(size) + 2 :]
        assert sent == b""
        name, key, value, option, seconds = arguments
        assert (name, key, option) == (b"SET", KEYS.weights.encode(), b"EX")
        self.set(key.decode(), value, ex=int(seconds))

    def set(self, key: str, value: bytes, ex: float) -> None:
        assert key == KEYS.weights
        self.value = value
        self.lifetimes.append(ex)

    def read_into(self, view: memoryview) -> int | None:
        """Answer a worker's command, as `Stream.read_into` does."""
        if self.value is None:
            return None
        answer = self.value if len(view) > RECORD_BYTES else self.value[:RECORD_BYTES]
        if len(answer) <= len(view):
            view[: len(answer)] = answer
        return len(answer)


class Doubled(Identity):
    """A codec that changes the numbers, so that it shows whether it was used."""

    def nbytes(self, dtype: np.dtype[Any], count: int) -> int:
        return count * dtype.itemsize + 8

    def encode(self, numbers: Any) -> memoryview:
        return np.concatenate([numbers * 2, np.zeros(8 // numbers.itemsize, numbers.dtype)]).data.cast("B")


@pytest.fixture
def tensors() -> Iterator[SharedTensors]:
    descriptor = os.memfd_create("test")
    yield SharedTensors(descriptor, CONFIG, SLOTS)
    os.close(descriptor)


Halves = tuple[CoordinatorTransport, WorkerTransport]


@pytest.fixture(params=["redis", "shared memory", "a stranger"])
def halves(
    request: pytest.FixtureRequest, tensors: SharedTensors, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Halves]:
    def make(codec: Any = CODECS["identity"]) -> Halves:
        codecs = Codecs(codec, codec)
        coordinator: CoordinatorTransport
        if request.param == "redis":
            coordinator = RedisCoordinatorTransport(CONFIG, codecs, KEYS.weights)
        else:
            coordinator = SharedMemoryCoordinatorTransport(tensors, INCARNATION, CONFIG, codecs, KEYS.weights)
        if request.param == "shared memory":
            return coordinator, SharedMemoryWorkerTransport(tensors, SLOT, CONFIG, codecs, KEYS.weights)
        return coordinator, RedisWorkerTransport(CONFIG, codecs, KEYS.weights)

    return make


@pytest.fixture
def parameters() -> Parameters:
    made = Parameters(CONFIG.sizes, CONFIG.dtype)
    made.flat[:] = np.random.default_rng(0).random(COUNT)
    return made


def received(reply: tuple[Any, ...], coordinator: CoordinatorTransport) -> tuple[Record, Any, int]:
    """A reply as the coordinator gets it: its record, the memory it is in, and its size."""
    sent = b"".join(reply)
    message = np.full(max(coordinator.message_bytes, 1000), 255, np.uint8)
    message[: len(sent)] = np.frombuffer(sent, np.uint8)
    record = Record.decode(sent)
    assert record is not None
    return record, message, len(sent)


@pytest.mark.parametrize(("codec", "factor"), [*((codec, 1) for codec in CODECS.values()), (Doubled(), 2)])
def test_weights_go_there_and_a_gradient_comes_back(halves, parameters, codec, factor):
    coordinator, worker = halves(codec)
    redis, in_memory = Redis(), isinstance(worker, SharedMemoryWorkerTransport)
    factor = 1 if in_memory else factor  # there they lie as they are
    coordinator.load(parameters)
    coordinator.share_with_strangers()
    content = coordinator.load(parameters)
    redis.take(coordinator.publish(RECORD))
    assert redis.lifetimes[-1] == WEIGHTS_LIFETIME
    assert worker.read(redis) == (RECORD, True)
    np.testing.assert_array_equal(worker.parameters.flat, parameters.flat * factor)
    assert worker.is_intact(content)
    assert worker.is_intact(content ^ 1) is in_memory

    gradient = np.arange(COUNT, dtype=np.float32)
    record, message, size = received(worker.reply(REPLY, gradient, KEY), coordinator)
    assert record._replace(slot=0, content=0) == REPLY
    assert coordinator.fits(record, size)
    assert coordinator.is_intact(record, message, size)
    assert coordinator.is_intact(record._replace(content=1), message, size) is in_memory
    content = coordinator.content(record, message, size)
    np.testing.assert_array_equal(content, gradient * factor)
    assert np.shares_memory(content, message) is not in_memory


def test_where_no_weights_are_there_is_no_record(halves):
    _, worker = halves()
    redis = Redis()
    assert worker.read(redis)[0] is None
    for nonsense in (b"", b"x" * 10, b"x" * RECORD_BYTES, b"x" * 500):
        redis.value = nonsense
        assert worker.read(redis)[0] is None


@pytest.mark.parametrize("change", [-1, 1, 4, 1000])
def test_a_reply_of_another_length_does_not_fit(halves, change):
    coordinator, _ = halves()
    assert coordinator.fits(REPLY, coordinator.reply_bytes)
    assert not coordinator.fits(REPLY, coordinator.reply_bytes + change)
    assert not coordinator.fits(REPLY, RECORD_BYTES)  # and names no slot


@pytest.mark.parametrize(("slot", "region"), [(SLOTS + 1, 0), (65535, 0), (1, SHARDS + 1), (1, 2**32 - 1)])
def test_a_reply_in_a_region_that_is_not_there_does_not_fit(tensors, slot, region):
    coordinator = coordinator_transport(KEYS, INCARNATION, CONFIG, tensors)
    assert coordinator.fits(REPLY._replace(slot=SLOTS, region=SHARDS), RECORD_BYTES)
    assert not coordinator.fits(REPLY._replace(slot=slot, region=region), RECORD_BYTES)


def test_a_reply_without_a_region_of_its_own_goes_through_redis(tensors):
    coordinator = coordinator_transport(KEYS, INCARNATION, CONFIG, tensors)
    worker = SharedMemoryWorkerTransport(tensors, SLOT, CONFIG, codecs_of(CONFIG), KEYS.weights)
    gradient = np.arange(COUNT, dtype=np.float32)
    record, message, size = received(worker.reply(REPLY._replace(region=SHARDS + 1), gradient, KEY), coordinator)
    assert (record.slot, size) == (0, coordinator.reply_bytes)
    assert coordinator.fits(record, size)
    np.testing.assert_array_equal(coordinator.content(record, message, size), gradient)


def test_replies_to_two_requests_of_a_step_do_not_overwrite_each_other(tensors):
    coordinator = coordinator_transport(KEYS, INCARNATION, CONFIG, tensors)
    worker = SharedMemoryWorkerTransport(tensors, SLOT, CONFIG, codecs_of(CONFIG), KEYS.weights)
    replies = [
        received(worker.reply(REPLY._replace(region=region), np.full(COUNT, region, np.float32), KEY), coordinator)
        for region in range(1 + SHARDS)
    ]
    assert [coordinator.content(*reply)[0] for reply in replies] == [*range(1 + SHARDS)]


def test_a_reply_without_a_gradient_does_not_fit_where_no_memory_is_shared():
    coordinator = coordinator_transport(KEYS, INCARNATION, CONFIG, None)
    assert not coordinator.fits(REPLY._replace(slot=1), RECORD_BYTES)


def test_weights_in_shared_memory_go_through_redis_only_after_a_stranger_came(tensors, parameters):
    coordinator = coordinator_transport(KEYS, INCARNATION, CONFIG, tensors)
    stranger = RedisWorkerTransport(CONFIG, codecs_of(CONFIG), KEYS.weights)
    redis = Redis()
    assert coordinator.load(parameters) == 0
    redis.take(coordinator.publish(RECORD))
    assert stranger.read(redis) == (RECORD, False)
    content = coordinator.share_with_strangers()
    redis.take(coordinator.publish(RECORD))
    assert stranger.read(redis) == (RECORD, True)
    assert stranger.is_intact(content)
    np.testing.assert_array_equal(stranger.parameters.flat, parameters.flat)
    assert coordinator.share_with_strangers() == 0
    assert coordinator.load(parameters) == content
    redis.take(coordinator.publish(RECORD))
    assert stranger.read(redis) == (RECORD, True)


def test_through_redis_there_are_no_strangers(parameters):
    coordinator = coordinator_transport(KEYS, INCARNATION, CONFIG, None)
    coordinator.load(parameters)
    assert coordinator.share_with_strangers() == 0


@pytest.fixture
def given(monkeypatch, tmp_path):
    """Have this process look like a worker that was given that memory."""

    def give(descriptor: int) -> None:
        monkeypatch.setenv(shared_memory.ENVIRONMENT, f"{descriptor}:{SLOT}:{SLOTS}")

    monkeypatch.setattr(shared_memory.tempfile, "gettempdir", lambda: str(tmp_path))
    shared_memory._mapped.cache_clear()
    shared_memory._lock.cache_clear()
    yield give
    shared_memory._lock(SLOT).close()
    shared_memory._mapped.cache_clear()
    shared_memory._lock.cache_clear()


def test_a_worker_takes_the_memory_that_it_was_given_if_it_is_this_coordinators(tensors, given):
    given(tensors._descriptor)
    tensors.begin(INCARNATION)
    assert isinstance(worker_transport(LEASE), SharedMemoryWorkerTransport)
    assert isinstance(worker_transport(LEASE), SharedMemoryWorkerTransport)  # its own lock does not lock it out


def test_a_worker_takes_redis_for_another_coordinator(tensors, given):
    given(tensors._descriptor)
    tensors.begin(INCARNATION + 1)
    assert isinstance(worker_transport(LEASE), RedisWorkerTransport)


def test_a_worker_takes_redis_if_the_memory_did_not_come_as_far_as_here(given):
    given(987)
    assert isinstance(worker_transport(LEASE), RedisWorkerTransport)


def test_a_worker_takes_redis_if_its_slot_is_another_processs(tensors, given, tmp_path):
    given(tensors._descriptor)
    tensors.begin(INCARNATION)
    with (tmp_path / f"slot{SLOT}").open("wb") as other:  # opened apart, it locks like another process's
        shared_memory.fcntl.flock(other, shared_memory.fcntl.LOCK_EX)
        assert isinstance(worker_transport(LEASE), RedisWorkerTransport)


def test_a_worker_that_was_given_nothing_takes_redis():
    assert isinstance(worker_transport(LEASE), RedisWorkerTransport)


def test_memory_is_one_runs_and_its_latest_incarnations(tensors):
    tensors.begin(INCARNATION)
    tensors.begin(INCARNATION + 1)
    assert tensors.belongs_to(INCARNATION + 1)
    assert not tensors.belongs_to(INCARNATION)
    with pytest.raises(ValueError, match="another run"):
        SharedTensors(tensors._descriptor, CONFIG, SLOTS + 1).begin(INCARNATION)


@pytest.mark.parametrize("in_memory", [False, True])
def test_in_exact_runs_weights_travel_in_four_bytes_each_and_gradients_in_eight(in_memory):
    weights = EXACT.mlp().rounded(EXACT.initial_parameters())
    count, descriptor, redis = len(weights.flat), os.memfd_create("test"), Redis()
    tensors = SharedTensors(descriptor, EXACT, SLOTS)
    coordinator = coordinator_transport(KEYS, INCARNATION, EXACT, tensors if in_memory else None)
    codecs = codecs_of(EXACT)
    worker: WorkerTransport = RedisWorkerTransport(EXACT, codecs, KEYS.weights)
    if in_memory:
        worker = SharedMemoryWorkerTransport(tensors, SLOT, EXACT, codecs, KEYS.weights)
        assert len(tensors.weights) == 8 * count  # as they are
    content = coordinator.load(weights)
    redis.take(coordinator.publish(RECORD))
    assert worker.read(redis) == (RECORD, True)
    assert worker.is_intact(content)
    assert worker.parameters.dtype == np.float64
    np.testing.assert_array_equal(worker.parameters.flat, weights.flat)
    gradient = np.random.default_rng(0).standard_normal(count)
    record, message, size = received(worker.reply(REPLY._replace(dtype=ord("d")), gradient, KEY), coordinator)
    assert size == RECORD_BYTES + (0 if in_memory else 8 * count)
    np.testing.assert_array_equal(coordinator.content(record, message, size), gradient)
    os.close(descriptor)
