"""A bad worker cannot spoil a run: what is wrong is found, named and computed again; who is wrong gets no more work."""

import base64
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

import numpy as np
import pytest
import redis

from coordinator.gradients.remote import RemoteGradients
from coordinator.workers import changed_leases
from shared.accounting import EpochCounts
from shared.errors import ChangedLeasesError
from shared.messaging.identities import Credentials
from shared.messaging.introduction import Introduction
from shared.messaging.keys import Keys
from shared.messaging.lease import Lease
from shared.messaging.records import RECORD_BYTES, Kind, Record
from shared.messaging.seals import Key, digest
from shared.nn.parameters import Parameters
from shared.training.state import TrainingState
from tests.support.fake_worker import FakeWorker
from tests.support.learning import CONFIG, KERNELS, SAMPLES, SECRET, alone, learn
from tests.support.real_session import RealSession
from tests.support.servers import Server
from tests.support.waiting import PATIENCE
from worker import limits, session
from worker import samples as worker_data

SOMEBODYS = Key(bytes.fromhex(SECRET))


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
    assert state.excluded == [liar.called]
    (line,) = [record for record in caplog.records if "gets no more work" in record.getMessage()]
    assert line.worker == liar.called
    assert "is not what the coordinator computes" in line.getMessage()
    assert state.counts.workers[liar.called].rejected >= 1


def test_a_worker_that_only_talks_nonsense_gets_no_more_work(server, remote_gradients):
    state = TrainingState.initial(CONFIG)
    remote = remote_gradients()
    remote._timer.add(0.001)  # so that its requests are sent again soon
    liar = FakeWorker(server, lambda message, record: [message[:-4]], "liar")
    liar.start()
    FakeWorker(server, name="honest").start_after(liar, requests=3)
    assert learn(remote, state=state) == learn(alone())
    assert state.excluded == [liar.called]


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
    worker_data.keep(SAMPLES)
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
                client.rpush(keys.replies, joined.encode(SOMEBODYS) + introduction)
                client.rpush(keys.replies, reply.encode(SOMEBODYS) + gradient, reply.encode() + gradient)
        return True

    honest = FakeWorker(server, name="real")
    honest.start()
    counts = undisturbed(remote, meddler(forge))
    assert counts.workers["unknown"].rejected >= 50
    assert {*counts.workers} == {"unknown", honest.called}
    assert counts.workers[honest.called].rejected == 0


def test_requests_that_somebody_else_makes_are_nobodys_fault(real_session, remote, meddler):
    def request(client: redis.Redis, keys: Keys) -> bool:
        weights = Record.decode(client.getrange(keys.weights, 0, RECORD_BYTES - 1))
        if weights is None or not weights.content:
            return False
        forged = Record(Kind.REQUEST, weights.incarnation, weights.step, 0, 1, region=1, content=weights.content)
        client.rpush(keys.requests(weights.number), forged.encode(SOMEBODYS))
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
    while "did not find the weights that were sent; sending them again" not in caplog.text:
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
    liar = FakeWorker(server, wrong_bit, "liar")
    state.excluded.append(liar.called)
    remote = remote_gradients(excluded=state.excluded)
    liar.start()
    FakeWorker(server, name="honest").start()
    assert learn(remote, state=state) == learn(alone())
    assert liar.requests == 0
    assert state.excluded == [liar.called]


# Somebody with the workers' password who reads leases in Celery's keys, or takes them, and names itself like others.


def test_who_takes_a_lease_under_an_honest_workers_name_excludes_itself_alone(server, remote_gradients):
    state = TrainingState.initial(CONFIG)
    remote = remote_gradients(audit=1.0)
    liar, honest = FakeWorker(server, wrong_bit, "worker@host"), FakeWorker(server, name="worker@host")
    liar.start()
    honest.start_after(liar, requests=1)
    assert learn(remote, state=state) == learn(alone())
    assert state.excluded == [liar.called] != [honest.called]
    assert state.counts.workers[honest.called].answered >= 1
    assert state.counts.workers[honest.called].rejected == 0


class Thief(FakeWorker):
    """Reads the leases of another, and says wrong things in them, each time as somebody else of that name."""

    def __init__(self, server: Server, victim: FakeWorker) -> None:
        super().__init__(server, wrong_bit)
        self.victim, self.times = victim, 0

    def _take_lease(self, client: redis.Redis) -> Lease | None:
        time.sleep(0.005)
        return self.victim.lease

    def _serve(self, client: redis.Redis, lease: Lease) -> None:
        self.credentials = Credentials()
        keys, credential = Keys(lease.run, lease.incarnation), self.credentials.in_run(lease.run)
        weights = Record.decode(client.getrange(keys.weights, 0, RECORD_BYTES - 1))
        if weights is None:
            return
        gradient = np.ones(Parameters.count(CONFIG.sizes), np.float32).tobytes()
        introduction = Introduction(self.victim.called.partition(":")[0], KERNELS).encode()
        about = {"number": lease.number, "credential": credential}
        says = [(Record(Kind.JOINED, lease.incarnation, **about), introduction)]
        reply = Record(Kind.REPLY, lease.incarnation, weights.step, 0, 1, 3, dtype=ord("f"), token=1, **about)
        says += [(reply, gradient[:-4])] * 3
        says += [(Record(kind, lease.incarnation, **about), b"") for kind in (Kind.LEFT, Kind.LEAVING)]
        for record, content in says:
            client.rpush(keys.replies, record._replace(content=digest(content)).encode(lease.key) + content)
            self.times += 1


def test_who_reads_anothers_lease_can_neither_have_it_blamed_nor_sent_away(server, remote, caplog):
    honest = FakeWorker(server, name="worker@host")
    thief = Thief(server, honest)
    honest.start()
    thief.start()
    windows = 0
    while thief.times < 500:
        state = TrainingState.initial(CONFIG)
        assert learn(remote, state=state) == learn(alone())
        assert honest.called not in state.excluded
        assert state.counts.workers[honest.called].rejected == 0
        windows = remote._window.number
    assert len(remote.excluded) <= 100
    assert len(remote._workforce.membership) <= 20
    assert windows < 500
    thief.leave()


def test_a_lease_that_is_changed_where_it_lies_excludes_nobody(server, remote_gradients, meddler):
    """Its holder computes something else in good faith, and says so without a seal that fits."""

    def change(client: redis.Redis, keys: Keys) -> bool:
        if changer.times or client.llen("gradmq:leases") < CONFIG.shards_per_step:  # there is one for each
            return False
        message = json.loads(client.rpop("gradmq:leases"))
        arguments, *others = json.loads(base64.b64decode(message["body"]))
        lease = Lease.from_json(arguments[0])
        changed = replace(lease, config=replace(lease.config, seed=lease.config.seed + 1))
        body = json.dumps([[changed.to_json()], *others]).encode()
        client.rpush("gradmq:leases", json.dumps(message | {"body": base64.b64encode(body).decode()}))
        deceived.start()
        helper.start_after(deceived, requests=1)
        return True

    def answer_once(message: bytes, record: Record) -> list[bytes]:
        deceived._is_to_leave.set()
        return [message]

    remote = remote_gradients(audit=1.0)
    remote._timer.add(0.001)  # so that what does not come is missed soon
    deceived, helper = FakeWorker(server, answer_once, "deceived"), FakeWorker(server, name="helper")
    state = TrainingState.initial(CONFIG)
    changer = meddler(change)
    assert learn(remote, state=state) == learn(alone())
    assert state.excluded == []
    assert state.counts.workers["unknown"].rejected >= 1
    assert {*state.counts.workers} == {"unknown", helper.called}


class Deceived(FakeWorker):
    """Takes leases that somebody has changed in the broker, and knows nothing of it."""

    def __init__(self, server: Server, most: float = np.inf) -> None:
        """most: how many leases were changed; those after them are as they were granted."""
        super().__init__(server)
        self.changed, self._most = 0, most

    def _take_lease(self, client: redis.Redis) -> Lease | None:
        lease = super()._take_lease(client)
        if lease is None or self.changed >= self._most:
            return lease
        self.changed += 1
        return replace(lease, config=replace(lease.config, seed=lease.config.seed + 1))


@pytest.fixture
def impatient(monkeypatch):
    """Windows in vain are over soon."""
    monkeypatch.setattr(changed_leases, "_IN_VAIN", 0.2)


def test_leases_that_were_all_changed_are_granted_again(server, remote, impatient, caplog):
    workers = [Deceived(server, most=2), Deceived(server, most=1)]
    for worker in workers:
        worker.start()
    state = TrainingState.initial(CONFIG)
    assert learn(remote, state=state) == learn(alone())
    assert all(worker.changed for worker in workers)
    assert state.excluded == []
    assert state.counts.workers["unknown"].rejected >= 2
    assert "no worker's seal fits, as if somebody changed leases in the broker redis://" in caplog.text


def test_a_worker_refuses_what_takes_more_memory_than_it_has_and_outlives_it(
    server, real_session, remote, impatient, monkeypatch, caplog
):
    """Somebody has changed the first lease that it takes."""
    monkeypatch.setattr(session, "_REFUSED", 0.0)
    monkeypatch.setattr(limits, "memory_bytes", lambda: 2**26)
    take, taken = real_session._take_lease, []

    def changed(client: redis.Redis) -> Lease | None:
        lease = take(client)
        if lease is None or taken:
            return lease
        taken.append(lease)
        return replace(lease, config=replace(lease.config, sizes=(12, 4_000_000, 3)))

    monkeypatch.setattr(real_session, "_take_lease", changed)
    real_session.start()
    assert learn(remote) == learn(alone())
    assert taken
    assert caplog.text.count("1 samples at once of a network of 4000015 neurons take") == 1


def test_a_run_of_which_all_leases_are_changed_again_and_again_ends_with_a_line(server, remote, impatient):
    worker = Deceived(server)
    worker.start()
    with pytest.raises(ChangedLeasesError, match="somebody changes them in the broker redis://"):
        learn(remote)
    assert worker.changed >= 6


def test_lists_that_somebody_fills_are_dropped_unread(real_session, remote, meddler, caplog):
    remote._timer.add(0.001)  # so that what does not come is missed soon
    junk = [b"x" * RECORD_BYTES] * 15_000

    def fill(client: redis.Redis, keys: Keys) -> bool:
        weights = Record.decode(client.getrange(keys.weights, 0, RECORD_BYTES - 1))
        if weights is None or filler.times:
            return False
        client.rpush(keys.replies, *junk)
        client.lpush(keys.requests(weights.number), *junk)
        real_session.start()
        return True

    filler = meddler(fill)
    assert learn(remote) == learn(alone())
    assert filler.times == 1
    assert sum("somebody fills gradmq:test" in record.getMessage() for record in caplog.records) == 1
    assert remote._floods.dropped >= 10_000


def test_a_worker_that_never_finds_the_weights_is_named_and_gets_no_more_work(server, remote_gradients, caplog):
    """Its memory is broken, or it holds up the others."""
    remote = remote_gradients()

    def stalls(message: bytes, record: Record) -> list[bytes]:
        return [record._replace(kind=Kind.NEEDS_WEIGHTS).encode()]

    broken, honest = FakeWorker(server, stalls, "broken"), FakeWorker(server, name="honest")
    broken.start()
    honest.start_after(broken, requests=1)
    while broken.called not in remote.excluded:
        assert learn(remote) == learn(alone())
    assert remote.excluded == (broken.called,)
    assert "3 times in a row it did not find weights that others found" in caplog.text
