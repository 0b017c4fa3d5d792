"""A worker that rounds otherwise than its coordinator, told by a list of what Redis answers."""

import logging
from dataclasses import replace

import pytest

from shared.environment import Kernels
from shared.messaging.introduction import Introduction
from shared.messaging.lease import Lease
from shared.messaging.records import Kind, Record
from shared.messaging.seals import digest
from shared.strategies import SyncSGD
from tests.support.learning import CONFIG, DIGESTS, KERNELS, SECRET
from worker import session
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
