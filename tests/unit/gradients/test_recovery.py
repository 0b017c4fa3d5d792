"""What is looked after while the coordinator waits, told without a Redis, a broker or a worker."""

import logging
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from coordinator.gradients.recovery import PASSING, KeysLostError, Recovery
from coordinator.workers.exclusions import Exclusions
from coordinator.workers.task_sender import BrokerAwayError, BrokerError, BrokerForbiddenError
from shared.errors import ConnectionLostError, RefusedError
from shared.messaging.keys import LIFETIME, WEIGHTS_LIFETIME
from shared.messaging.records import RECORD_BYTES
from tests.support.clock import Clock

WEIGHTS, REQUESTS = "the:weights", "the:requests"


@dataclass
class Redis:
    """The client's part: whether the weights are there and have a lifetime, and what was done, in its order."""

    done: list[str]
    content: bytes = b"w"
    length: int = 100
    expires: bool = True  # False: the key is gone just when it is to live on
    error: Exception | None = None
    lifetimes: dict[str, int] = field(default_factory=dict)

    def getrange(self, key: str, start: int, end: int) -> bytes:
        if self.error is not None:
            raise self.error
        assert key == WEIGHTS
        if (start, end) == (0, RECORD_BYTES - 1):
            return self.content
        return (b"x" * self.length)[start : end + 1]

    def expire(self, key: str, seconds: int) -> bool:
        self.lifetimes[key] = seconds
        return self.expires

    def disconnect(self) -> None:
        self.done.append("disconnect")


class Told:
    """A recovery, what it has others do, and what it says."""

    def __init__(self, caplog: pytest.LogCaptureFixture, started: int | None = None) -> None:
        caplog.set_level(logging.INFO, "coordinator.gradients")
        self.done: list[str] = []
        self.clock, self.redis, self._caplog = Clock(), Redis(self.done), caplog
        self.exclusions = Exclusions([])
        self.leases = SimpleNamespace(taken=1, renew_waiting=self._note("renew_waiting"))
        workforce: Any = SimpleNamespace(
            leases=self.leases,
            exclusions=self.exclusions,
            stragglers=SimpleNamespace(end_pauses=self._note("end_pauses")),
            **{name: self._note(name) for name in ("review", "keep_keys", "replace_lost")},
        )
        window: Any = SimpleNamespace(requests=REQUESTS, announce=lambda client: self.done.append("announce"))
        client: Any = self.redis
        self.recovery = Recovery(
            client, WEIGHTS, window, workforce, self._note("supervise"), started, self.clock, self.clock_goes_on
        )
        self.recovery.published, self.recovery.published_bytes = b"w", 100

    def clock_goes_on(self, seconds: float) -> None:
        self.done.append("sleep")
        self.clock.advance(seconds)

    def _note(self, what: str) -> Any:
        return lambda: self.done.append(what)

    @property
    def lines(self) -> list[str]:
        return [record.getMessage() for record in self._caplog.records]

    def look_around(self, seconds: float = 0.0) -> bool:
        self.clock.advance(seconds)
        return self.recovery.look_around()


@pytest.fixture
def told(caplog) -> Told:
    return Told(caplog)


LOOK = ["supervise", "review", "announce", "keep_keys"]


def test_while_all_goes_well_there_is_a_look_once_a_second(told):
    told.recovery.look_after_workers()
    told.clock.advance(1.0)
    told.recovery.look_after_workers()
    assert told.done == []
    told.clock.advance(0.01)
    for _ in range(3):
        told.recovery.look_after_workers()
    assert told.done == LOOK
    told.clock.advance(1.01)
    told.recovery.look_after_workers()
    assert told.done == LOOK * 2
    assert told.lines == []


def test_whoever_looks_around_has_our_keys_live_on(told):
    assert told.look_around()
    assert told.redis.lifetimes == {WEIGHTS: WEIGHTS_LIFETIME, REQUESTS: LIFETIME}
    assert told.done == ["supervise", "announce", "review", "replace_lost"]
    assert told.lines == []


@pytest.mark.parametrize("lost", [{"content": b""}, {"length": 99}, {"length": 101}, {"expires": False}])
def test_weights_that_redis_has_forgotten_are_missed(told, lost):
    for name, value in lost.items():
        setattr(told.redis, name, value)
    with pytest.raises(KeysLostError):
        told.look_around()
    assert told.done == ["supervise"]  # no lease is granted before the weights are there again


@pytest.mark.parametrize("error", [ConnectionLostError("it is gone"), RefusedError("WRONGTYPE"), BrokerAwayError("x")])
def test_what_fails_in_a_look_around_is_what_a_step_is_begun_again_after(told, error):
    told.redis.error = error
    with pytest.raises(PASSING) as passed:
        told.look_around()
    assert passed.value is error


ALONE = "no worker is there; waiting for one to come"


def test_after_three_seconds_alone_it_says_so_once(told):
    told.leases.taken = 0
    assert not told.look_around()
    assert not told.look_around(3.0)
    assert told.lines == []
    for _ in range(3):
        assert not told.look_around(0.1)
    assert told.lines == [ALONE]


def test_alone_counts_from_when_nobody_was_there(told):
    told.look_around(10.0)
    told.leases.taken = 0
    told.look_around(10.0)
    told.look_around(2.0)
    told.leases.taken = 1
    assert told.look_around()  # somebody came
    told.leases.taken = 0
    told.look_around(2.0)
    told.look_around(2.0)
    assert told.lines == []
    told.look_around(1.1)
    assert told.lines == [ALONE]


def test_a_clock_that_begins_at_0_makes_no_difference(told):
    told.clock.now = 0.0
    told.leases.taken = 0
    told.look_around()
    told.look_around(3.1)
    assert told.lines == [ALONE]


def test_a_step_that_is_complete_ends_being_alone(told):
    told.leases.taken = 0
    told.look_around()
    told.clock.advance(2.0)
    told.recovery.all_is_well()
    told.look_around()
    told.look_around(2.0)
    assert told.lines == []


def test_where_nobody_is_there_for_a_second_nobody_pauses(told):
    """At a window's turn nobody is there for a moment; on a busy machine long pauses ended so, after seconds."""
    told.look_around(10.0)
    told.leases.taken = 0
    for _ in range(10):
        told.look_around(0.1)
    assert "end_pauses" not in told.done
    told.look_around(0.2)
    assert told.done[-1] == "end_pauses"


def test_workers_that_were_started_for_the_run_are_given_a_minute(caplog):
    told = Told(caplog, started=2)
    told.leases.taken = 0
    told.look_around()
    told.look_around(59.0)
    assert told.lines == []
    told.look_around(2.0)
    assert told.lines == [ALONE]


def test_once_one_of_them_has_come_they_are_missed_like_any(caplog):
    told = Told(caplog, started=2)
    told.look_around()
    told.leases.taken = 0
    told.look_around(0.1)
    told.look_around(3.1)
    assert told.lines == [ALONE]


def test_who_is_excluded_is_named_to_those_who_wonder_why_nobody_is_there(told):
    told.exclusions.names += ["liar", "cheat"]
    told.leases.taken = 0
    told.look_around()
    told.look_around(3.1)
    assert told.lines == [
        "no worker is there but those that get no more work in this run (liar, cheat); waiting for one to come"
    ]


TROUBLES = [
    (KeysLostError(), "Redis has lost the run's keys; publishing them again"),
    (BrokerAwayError("refused"), "Celery's broker is away (refused); waiting for it"),
    (BrokerForbiddenError("403"), "Celery's broker refuses us (403); waiting until user and password are right"),
    (ConnectionLostError("cut"), "Redis is away (cut); waiting for it"),
    (RefusedError("LOADING"), "Redis refuses (LOADING); waiting for it to serve us"),
]


@pytest.mark.parametrize(("error", "line"), TROUBLES)
def test_each_trouble_is_told_of_once(told, error, line):
    for _ in range(3):
        told.recovery.begin_again(error)
    assert told.lines == [line]


@pytest.mark.parametrize("kind", [ConnectionLostError, BrokerAwayError])
def test_what_is_away_is_told_of_once_though_each_attempt_fails_in_another_way(told, kind):
    for how in ("Broken pipe", "Connection refused", "no such socket"):
        told.recovery.begin_again(kind(how))
    (line,) = told.lines
    assert "is away (Broken pipe); waiting for it" in line


def test_why_redis_refuses_is_told_whenever_that_changes(told):
    for why in ("LOADING", "LOADING", "OOM"):
        told.recovery.begin_again(RefusedError(why))
    assert told.lines == [f"Redis refuses ({why}); waiting for it to serve us" for why in ("LOADING", "OOM")]


def test_another_trouble_is_another_line(told):
    for error, _ in TROUBLES:
        told.recovery.begin_again(error)
    assert told.lines == [line for _, line in TROUBLES]


@pytest.mark.parametrize(("error", "line"), TROUBLES)
def test_that_all_is_there_again_is_said_once_and_then_the_trouble_is_news(told, error, line):
    told.recovery.all_is_well()
    assert told.lines == []
    again = "all is there again; going on"
    for _ in range(2):
        told.recovery.begin_again(error)
        told.recovery.all_is_well()
        told.recovery.all_is_well()
        told.clock.advance(10.0)
    assert told.lines == [line, again, line, again]


@pytest.mark.parametrize("error", [error for error, _ in TROUBLES])
def test_beginning_again_waits_a_little_on_no_connection_and_then_looks_after_our_processes(told, error):
    before = told.clock.now
    told.recovery.begin_again(error)
    assert [what for what in told.done if what != "renew_waiting"] == ["disconnect", "sleep", "supervise"]
    assert told.clock.now == pytest.approx(before + 0.1)


@pytest.mark.parametrize("error", [error for error, _ in TROUBLES])
def test_leases_that_nobody_took_are_renewed_unless_it_is_the_broker_that_is_away(told, error):
    told.recovery.begin_again(error)
    assert ("renew_waiting" in told.done) is not isinstance(error, BrokerError)
