"""A worker that rounds otherwise than its coordinator or has too little memory, by a list of what Redis answers."""

import logging
from contextlib import contextmanager
from dataclasses import replace

import pytest

from shared.environment import Kernels
from shared.errors import ConnectionLostError, RefusedError
from shared.fixed_problem import kernels_for
from shared.messaging.introduction import Introduction
from shared.messaging.lease import Lease
from shared.messaging.records import Kind, Record
from shared.messaging.seals import digest
from shared.strategies import SyncSGD
from tests.support.learning import CONFIG, DIGESTS, KERNELS, SAMPLES, SECRET
from worker import limits, session
from worker import samples as received
from worker.departure import REDIS_AWAY, WINDOW_OVER
from worker.identity import CREDENTIALS
from worker.session import Session, _Failures

THEIRS = Kernels("0" * 64, "OpenBLAS of the coordinator")
LEASE = Lease("run", 7, CONFIG, DIGESTS, 0, 0, 10, 10, 3, 5, "1/2", (), THEIRS, SECRET)
EXACT = replace(CONFIG, arithmetic="exact", dtype="", strategy=SyncSGD())


class Stream:
    """Answers as Redis would: the lease's window goes on for some looks, then there is the next."""

    def __init__(self, looks: int) -> None:
        self._weights = [Record(Kind.WEIGHTS, 7, number=3)] * looks + [Record(Kind.WEIGHTS, 7, number=4)]
        self.sent = b""
        self._last = b""

    def send(self, buffers):
        self._last = b"".join(buffers)
        self.sent += self._last

    def skip(self, count):
        pass

    def read_bulk(self):
        return self.read()

    def read(self):
        return b"7" if b"incarnation" in self._last else self._weights.pop(0).encode()


@pytest.fixture
def told(caplog, monkeypatch):
    """What the worker says of itself, as one that has said nothing yet."""
    caplog.set_level(logging.ERROR, "worker.session")
    monkeypatch.setattr(session, "_PAUSE", 0)
    monkeypatch.setattr(session, "_warned", set())
    return lambda: [record.getMessage() for record in caplog.records]


@pytest.fixture
def samples():
    """Those of the lease, as if they had been received."""
    received.keep(SAMPLES)
    yield
    received.forget()


def test_a_lease_for_which_there_is_too_little_memory_is_refused_with_a_line(told, samples, monkeypatch):
    """Perhaps somebody has made it up, or changed it where the broker keeps it."""
    monkeypatch.setattr(session, "_REFUSED", 0)
    monkeypatch.setattr(limits, "memory_bytes", lambda: 2**28)
    large = replace(CONFIG, sizes=(12, 4_000_000, 3))
    lease = replace(LEASE, config=large, kernels=kernels_for(large))
    stream, one = Stream(looks=1), Session(lease, "redis://", "me")
    one._work_on(stream)
    (line,) = told()
    assert line.startswith("1 samples at once of a network of 4000015 neurons take ")
    assert "and 0.25 are here; choose smaller layers or mini-batches" in line
    assert one._done.outcome == f"refused: {line}"
    content = Introduction("me", KERNELS).encode()
    record = Record(Kind.TOO_LARGE, 7, number=5, content=digest(content), credential=CREDENTIALS.in_run("run"))
    assert record.encode(lease.key) + content in stream.sent
    assert b"BLPOP" not in stream.sent


def held(lease: Lease) -> bytes:
    """Hold a lease until its window is over; return what was sent."""
    stream, one = Stream(looks=3), Session(lease, "redis://", "me")
    one._work_on(stream)
    assert one._done.outcome == WINDOW_OVER
    return stream.sent


def test_it_introduces_itself_and_takes_no_request(told):
    sent = held(LEASE)
    introduction = Introduction("me", KERNELS).encode()
    joined = Record(Kind.JOINED, 7, number=5, content=digest(introduction), credential=CREDENTIALS.in_run("run"))
    assert joined.encode(LEASE.key) + introduction in sent
    assert b"BLPOP" not in sent


def test_it_says_so_once_in_a_run(told):
    for _ in range(2):
        held(LEASE)
    (line,) = told()
    assert KERNELS.description in line
    assert THEIRS.description in line
    assert "--arithmetic exact" in line
    held(replace(LEASE, run="another"))
    assert len(told()) == 2


def test_in_an_exact_run_that_is_a_defect_of_its_machine(told):
    assert b"BLPOP" not in held(replace(LEASE, config=EXACT))
    (line,) = told()
    assert "a defect of this machine" in line
    assert "not 000000000000" in line


class Refusing:
    """Redis' connection, on which somebody may do nothing, or no more."""

    def __init__(self, error: Exception) -> None:
        self._error, self.times = error, 0

    @contextmanager
    def __call__(self, url: str):
        self.times += 1
        yield self

    def send(self, buffers):
        raise self._error


def test_a_redis_that_refuses_everything_is_told_of_once_and_the_lease_given_up(monkeypatch, caplog):
    refusing = Refusing(RefusedError("NOPERM User worker has no permissions to run the 'expire' command"))
    monkeypatch.setattr(session, "connection", refusing)
    monkeypatch.setattr(session, "_PAUSE", 0.001)
    monkeypatch.setattr(session, "_NO_REDIS", 0.05)
    assert Session(LEASE, "redis://", "me").work().outcome == REDIS_AWAY
    assert refusing.times > 1
    (line,) = [record.getMessage() for record in caplog.records if record.name == "worker.session"]
    assert line == "NOPERM User worker has no permissions to run the 'expire' command; trying again"


def test_a_redis_that_comes_and_goes_is_away_only_since_it_went():
    failures = _Failures()
    lost, refused = ConnectionLostError("gone"), RefusedError("no")
    assert failures.seconds(lost, False, 0) == 0
    assert failures.seconds(lost, False, 0) > 0
    assert failures.seconds(refused, True, 0) > 0  # who may come in and do nothing
    assert failures.seconds(refused, True, 5) == 0  # this time something was done
    assert failures.seconds(refused, True, 5) > 0
    assert failures.seconds(lost, True, 5) == 0
