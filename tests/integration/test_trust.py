"""A bad worker cannot spoil a run: what is wrong is found, named and computed again; who is wrong gets no more work."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from random import Random

import numpy as np
import pytest
import redis

from coordinator.gradients.remote import RemoteGradients
from shared.accounting import EpochCounts
from shared.messaging.introduction import Introduction
from shared.messaging.keys import Keys
from shared.messaging.records import RECORD_BYTES, Kind, Record
from shared.messaging.seals import digest, key_of
from shared.nn.parameters import Parameters
from shared.training.state import TrainingState
from tests.support.fake_worker import FakeWorker
from tests.support.learning import CONFIG, KERNELS, SAMPLES, SECRET, alone, learn
from tests.support.real_session import RealSession
from tests.support.servers import Server
from tests.support.waiting import PATIENCE
from worker import samples as worker_data


def wrong_bit(message: bytes, record: Record) -> list[bytes]:
    """The reply with the lowest bit of its first number changed."""
    return [message[:RECORD_BYTES] + bytes([message[RECORD_BYTES] ^ 1]) + message[RECORD_BYTES + 1 :]]


def not_finite(message: bytes, record: Record) -> list[bytes]:
    gradient = np.frombuffer(message[RECORD_BYTES:], np.float32).copy()
    gradient[3] = np.nan
    return [message[:RECORD_BYTES] + gradient.tobytes()]


@pytest.mark.parametrize(("answer", "audit"), [(wrong_bit, 1.0), (not_finite, 0.0)])
def test_a_worker_whose_gradient_is_wrong_is_named_and_gets_no_more_work(
    server, remote_gradients, caplog, answer, audit
):
    state = TrainingState.initial(CONFIG)
    remote = remote_gradients(audit=audit)
    liar = FakeWorker(server, answer, "liar")
    liar.start()
    FakeWorker(server, name="honest").start_after(liar, requests=1)
    assert learn(remote, state=state) == learn(alone())
    assert state.excluded == ["liar"]
    (line,) = [record for record in caplog.records if "gets no more work" in record.getMessage()]
    assert line.worker == "liar"
    assert "is not what the coordinator computes" in line.getMessage()
    assert state.counts.workers["liar"].rejected >= 1


def test_a_worker_that_only_talks_nonsense_gets_no_more_work(server, remote_gradients):
    state = TrainingState.initial(CONFIG)
    remote = remote_gradients()
    remote._timer.add(0.001)  # so that its requests are sent again soon
    liar = FakeWorker(server, lambda message, record: [message[:-4]], "liar")
    liar.start()
    FakeWorker(server, name="honest").start_after(liar, requests=3)
    assert learn(remote, state=state) == learn(alone())
    assert state.excluded == ["liar"]


class Meddler(threading.Thread):
    """Somebody with the workers' password, who does something to the run's keys again and again."""

    def __init__(self, server: Server, meddle: Callable[[redis.Redis, Keys], bool]) -> None:
        """meddle: returns whether something was done."""
        super().__init__(daemon=True)
        self._server, self._meddle = server, meddle
        self.times = 0
        self._is_over = threading.Event()

    def run(self) -> None:
        with contextlib.suppress(redis.RedisError), self._server.client() as client:
            while not self._is_over.wait(0.02):
                for key in client.scan_iter("gradmq:test:*:weights"):
                    keys = Keys("test", int(key.split(b":")[2], 16))
                    self.times += self._meddle(client, keys)

    def end(self) -> None:
        self._is_over.set()
        self.join()


@pytest.fixture
def meddler(server) -> Iterator[Callable[..., Meddler]]:
    made: list[Meddler] = []

    def make(meddle: Callable[[redis.Redis, Keys], bool]) -> Meddler:
        made.append(Meddler(server, meddle))
        made[-1].start()
        return made[-1]

    yield make
    for each in made:
        each.end()


def undisturbed(remote: RemoteGradients, meddler: Meddler, times: int = 50) -> EpochCounts:
    """Train until something was done so many times: to the bits of one process, and nobody is excluded."""
    counts = EpochCounts()
    while meddler.times < times:
        state = TrainingState.initial(CONFIG)
        assert learn(remote, state=state) == learn(alone())
        assert state.excluded == []
        counts.add(state.counts)
    return counts


@pytest.fixture
def real_session(server) -> Iterator[RealSession]:
    """A worker as it is, to be started; to be asked for before the coordinator, which ends it."""
    worker_data._kept[SAMPLES.sha256] = SAMPLES
    worker = RealSession(server, name="real")
    yield worker
    worker._is_to_leave.set()
    worker.join(PATIENCE)
    assert not worker.is_alive()


@pytest.mark.parametrize("name", ["", "unknown", "coordinator", "real"])
def test_replies_of_whoever_holds_no_lease_are_never_used(server, remote, meddler, name):
    """They are right but for the gradient, and name a lease that somebody holds or nobody took."""

    def forge(client: redis.Redis, keys: Keys) -> bool:
        weights = Record.decode(client.get(keys.weights) or b"")
        if weights is None:
            return False
        gradient = np.ones(Parameters.count(CONFIG.sizes), np.float32).tobytes()
        introduction = Introduction(name, KERNELS).encode()
        for number in (0, 1, 2**32 - 1):
            for first in range(CONFIG.shards_per_step):
                joined = Record(Kind.JOINED, weights.incarnation, number=number, content=digest(introduction))
                reply = Record(
                    *(Kind.REPLY, weights.incarnation, weights.step, first, first + 1, 3, number, ord("f")),
                    content=digest(gradient),
                )
                client.rpush(keys.replies, joined.encode(key_of(SECRET)) + introduction)
                client.rpush(keys.replies, reply.encode(key_of(SECRET)) + gradient, reply.encode() + gradient)
        return True

    FakeWorker(server, name="real").start()
    counts = undisturbed(remote, meddler(forge))
    assert counts.workers["unknown"].rejected >= 50
    assert {*counts.workers} == {"unknown", "real"}
    assert counts.workers["real"].rejected == 0


def test_requests_that_somebody_else_makes_are_nobodys_fault(real_session, remote, meddler):
    def request(client: redis.Redis, keys: Keys) -> bool:
        weights = Record.decode(client.getrange(keys.weights, 0, RECORD_BYTES - 1))
        if weights is None or not weights.content:
            return False
        forged = Record(Kind.REQUEST, weights.incarnation, weights.step, 0, 1, region=1, content=weights.content)
        client.rpush(keys.requests(weights.number), forged.encode(key_of(SECRET)))
        return True

    real_session.start()
    counts = undisturbed(remote, meddler(request))
    assert counts.workers["unknown"].rejected >= 1  # it was answered, and that was not used


def test_weights_with_a_bit_changed_are_never_computed_with(real_session, remote_gradients, meddler, caplog):
    dice = Random(1)

    def flip(client: redis.Redis, keys: Keys) -> bool:
        """Change a bit behind the record."""
        size = client.strlen(keys.weights)
        if size <= RECORD_BYTES:
            return False
        where = dice.randrange(8 * RECORD_BYTES, 8 * size)
        client.setbit(keys.weights, where, 1 - client.getbit(keys.weights, where))
        return True

    remote = remote_gradients(audit=1.0)  # which would find the worker's gradients wrong
    real_session.start()
    changer = meddler(flip)
    while "a worker did not find the weights that were sent; sending them again" not in caplog.text:
        undisturbed(remote, changer, changer.times + 10)  # many a bit changes when nobody looks at it


def test_a_changed_bit_in_the_record_of_the_weights_holds_nobody_up(real_session, remote, meddler):
    dice = Random(2)

    def flip(client: redis.Redis, keys: Keys) -> bool:
        if client.strlen(keys.weights) <= RECORD_BYTES:
            return False
        where = dice.randrange(8 * RECORD_BYTES)
        client.setbit(keys.weights, where, 1 - client.getbit(keys.weights, where))
        return True

    real_session.start()
    undisturbed(remote, meddler(flip))


def test_a_run_that_excluded_a_worker_still_does_after_resume(server, remote_gradients):
    state = TrainingState.initial(CONFIG)
    state.excluded.append("liar")
    remote = remote_gradients(excluded=state.excluded)
    liar = FakeWorker(server, wrong_bit, "liar")
    liar.start()
    FakeWorker(server, name="honest").start()
    assert learn(remote, state=state) == learn(alone())
    assert liar.requests == 0
    assert state.excluded == ["liar"]
