"""The one task, before there is work to do: which leases a worker refuses, and whom it tells."""

from dataclasses import replace
from typing import Any

import pytest

from shared.errors import ConnectionLostError
from shared.messaging.keys import Keys
from shared.messaging.lease import Lease
from shared.messaging.records import VERSION, Kind, Record
from shared.nn.losses import LOSSES
from tests.support.learning import CONFIG, DIGESTS, KERNELS, SECRET
from worker import messages, tasks

INCARNATION, NUMBER = 7, 3
LEASE = Lease("run", INCARNATION, CONFIG, DIGESTS, 0, 0, 10, 10, 0, NUMBER, "1/1", (), KERNELS, SECRET)


class Redis:
    """Keeps what is pushed."""

    def __init__(self) -> None:
        self.pushed: list[tuple[str, bytes]] = []
        self.lifetimes: dict[str, int] = {}
        self.is_away = self.is_closed = False

    def rpush(self, key: str, value: bytes) -> None:
        if self.is_away:
            raise ConnectionLostError("away")
        self.pushed.append((key, value))

    def expire(self, key: str, seconds: int) -> None:
        self.lifetimes[key] = seconds

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def redis(monkeypatch) -> Redis:
    made = Redis()
    monkeypatch.setattr(messages, "client", lambda url: made)
    monkeypatch.setattr(tasks, "_REFUSED", 0.0)
    return made


def of_a_newer_gradmq(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A lease of a run with a loss that is not known here."""
    with monkeypatch.context() as newer:
        newer.setitem(LOSSES, "hinge", LOSSES["quadratic"])
        return replace(LEASE, config=replace(CONFIG, loss="hinge")).to_json()


def test_a_lease_of_a_configuration_that_is_not_known_here_is_refused(redis, monkeypatch, caplog):
    done = tasks.lease.run(of_a_newer_gradmq(monkeypatch))
    assert done["outcome"].startswith("refused: this worker cannot compute what the run asks for")
    ((key, message),) = redis.pushed
    keys = Keys("run", INCARNATION)
    assert key == keys.replies
    assert keys.replies in redis.lifetimes
    record = Record(Kind.REFUSED, 0, number=NUMBER).encode()
    assert message[: len(record)] == record
    assert message[len(record) :] == b""  # Celery gives no name to what it does not run
    assert redis.is_closed
    assert "hinge" in caplog.text


def test_a_lease_of_another_version_is_refused(redis):
    done = tasks.lease.run({**LEASE.to_json(), "version": VERSION + 1})
    assert f"speaks version {VERSION + 1}" in done["outcome"]
    assert len(redis.pushed) == 1


def test_a_damaged_lease_is_refused_without_a_word_to_the_coordinator_which_grants_it_again(redis):
    done = tasks.lease.run({**LEASE.to_json(), "epoch": 4})
    assert done["outcome"] == "refused: a lease is not as it was granted; it will be granted again"
    assert redis.pushed == []


def test_a_lease_that_does_not_even_name_its_run_is_refused(redis):
    done = tasks.lease.run({"version": VERSION + 1})
    assert done["outcome"].startswith("refused: ")
    assert redis.pushed == []


@pytest.mark.parametrize("wrong", [{"number": -1}, {"number": 2**32}, {"number": "x"}, {"incarnation": "x"}])
def test_whoever_makes_up_a_lease_gets_no_more_than_a_refusal(redis, wrong):
    done = tasks.lease.run({**LEASE.to_json(), "version": VERSION + 1, **wrong})
    assert done["outcome"].startswith("refused: ")
    assert redis.pushed == []


def test_a_lease_is_refused_though_redis_is_away(redis, monkeypatch):
    redis.is_away = True
    done = tasks.lease.run(of_a_newer_gradmq(monkeypatch))
    assert done["outcome"].startswith("refused: ")
    assert redis.is_closed
