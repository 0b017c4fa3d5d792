"""A worker that rounds otherwise than its coordinator or has too little memory, by a list of what Redis answers."""

import logging
from dataclasses import replace

import pytest

from shared.environment import Kernels
from shared.fixed_problem import kernels_for
from shared.messaging.introduction import Introduction
from shared.messaging.lease import Lease
from shared.messaging.records import Kind, Record
from shared.messaging.seals import digest
from shared.strategies import SyncSGD
from tests.support.learning import CONFIG, DIGESTS, KERNELS, SAMPLES, SECRET
from worker import limits, session
from worker import samples as received
from worker.departure import WINDOW_OVER
from worker.identity import CREDENTIALS
from worker.session import Session

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
    received._kept[SAMPLES.sha256] = SAMPLES
    yield
    received._kept.clear()


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
