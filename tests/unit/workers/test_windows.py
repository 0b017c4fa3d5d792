"""Windows: how long, which steps, and what is told to workers in which order."""

import numpy as np
import pytest

from coordinator.workers.windows import Window, WindowLength
from shared.data.sampler import Step
from shared.errors import ConnectionLostError
from shared.messaging.keys import LIFETIME, Keys
from shared.messaging.records import Kind, Record
from shared.messaging.resp import PUSH_ANSWERS, encode
from tests.support.learning import DATA, DIGESTS, KERNELS
from tests.support.leases import CONFIG

KEYS = Keys("run", 7)


@pytest.mark.parametrize(
    ("step_seconds", "steps"), [(None, 100), (0.002, 500), (0.01, 100), (0.3, 3), (0.9, 1), (1.0, 1), (60.0, 1)]
)
def test_a_window_lasts_about_a_second(step_seconds, steps):
    assert WindowLength().steps(step_seconds) == steps


@pytest.mark.parametrize("step_seconds", [None, 0.002, 60.0])
def test_a_window_of_fixed_length_does_not_look_at_the_time(step_seconds):
    assert WindowLength(4).steps(step_seconds) == 4


class FakeRedis:
    """Notes what is written, in order; fails once at the command of that number."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.written: list[tuple[str, str]] = []  # command and key
        self.values: list[object] = []
        self._fails_at = fails_at

    def set(self, key: str, value: object, ex: int) -> None:
        assert ex > 0
        self._note("set", key, value)

    def rpush(self, key: str, value: object) -> None:
        self._note("rpush", key, value)

    def expire(self, key: str, seconds: int) -> None:
        assert seconds > 0
        self._note("expire", key, seconds)

    def delete(self, *keys: str) -> None:
        for key in keys:
            self._note("delete", key, None)

    def _note(self, command: str, key: str, value: object) -> None:
        if len(self.written) == self._fails_at:
            self._fails_at = None
            raise ConnectionLostError("cut by the test")
        self.written.append((command, key))
        self.values.append(value)


def at(epoch: int, index: int) -> Step:
    """The step there."""
    return Step(epoch, index, 12 * epoch + index, 10 * epoch + index, np.arange(0))


def window() -> Window:
    """An epoch has ten steps and two evaluations."""
    return Window("run", 7, CONFIG, DATA, KERNELS)


def test_a_new_window_covers_its_steps_and_no_others():
    made = window()
    assert not made.covers(at(0, 0))
    made.open(FakeRedis(), at(2, 3), length=4, excluded=())
    assert [index for index in range(10) if made.covers(at(2, index))] == [3, 4, 5, 6]
    assert not made.covers(at(1, 3)) and not made.covers(at(3, 3))


def test_a_window_ends_with_its_epoch_and_its_evaluations():
    made = window()
    lease = made.open(FakeRedis(), at(2, 8), length=6, excluded=())
    assert (lease.first, lease.stop, lease.evaluations) == (8, 12, 10)
    assert made.covers(at(2, 9)) and made.covers(at(2, 11)) and not made.covers(at(2, 12)) and not made.covers(at(3, 0))


def test_what_the_leases_of_a_window_have_in_common():
    made = window()
    made.open(FakeRedis(), at(0, 0), 4, ())
    lease = made.open(FakeRedis(), at(2, 3), length=4, excluded=["liar", "slow"])
    assert (lease.run, lease.incarnation, lease.config, lease.samples) == ("run", 7, CONFIG, DIGESTS)
    assert (lease.epoch, lease.first, lease.stop, lease.window) == (2, 3, 7, 1)
    assert lease.excluded == ("liar", "slow")
    assert made.requests == KEYS.requests(1)


def test_the_first_window_ends_none():
    client = FakeRedis()
    window().open(client, at(0, 0), 4, ())
    assert client.written == [("set", KEYS.weights), ("set", KEYS.incarnation)]


def test_there_are_weights_of_the_next_window_before_the_current_one_is_over():
    made = window()
    made.open(FakeRedis(), at(0, 0), 4, ())
    client = FakeRedis()
    made.open(client, at(0, 4), 4, ())
    old = KEYS.requests(0)
    assert client.written == [("set", KEYS.weights), ("rpush", old), ("expire", old), ("set", KEYS.incarnation)]
    weights, over = Record.decode(client.values[0]), Record.decode(client.values[1])
    assert (weights.kind, weights.number) == (Kind.WEIGHTS, 1)
    assert (over.kind, over.number) == (Kind.OVER, 0)


def test_when_a_window_is_over_its_own_lists_go():
    made = window()
    made.open(FakeRedis(), at(0, 0), 4, ())
    request = Record(Kind.REQUEST, 7)
    for lease in (3, 5, 3):
        made.push([(request, request.encode(), lease)])
    client = FakeRedis()
    made.open(client, at(0, 4), 4, ())
    assert [key for command, key in client.written if command == "delete"] == [
        KEYS.own_requests(0, 3),
        KEYS.own_requests(0, 5),
    ]
    client = FakeRedis()
    made.close(client)  # it has none
    assert [command for command, _ in client.written] == ["rpush", "expire"]


def test_a_request_in_an_own_list_is_what_redis_reads_whatever_is_in_it():
    made = window()
    made.open(FakeRedis(), at(0, 0), 4, ())
    for request in (Record(Kind.REQUEST, 7, 1, 2, 3), Record(Kind.REQUEST, 2**64 - 1, 2**64 - 1), Record(0, 0)):
        key = KEYS.own_requests(0, 3)
        plain = [*encode("RPUSH", key, request.encode()), *encode("EXPIRE", key, LIFETIME)]
        assert made.push([(request, request.encode(), 3)]) == ([b"".join(plain)], PUSH_ANSWERS)


def test_requests_for_whoever_comes_first_are_pushed_together():
    made = window()
    made.open(FakeRedis(), at(0, 0), 4, ())
    requests = [Record(Kind.REQUEST, 7, 1, first, first + 1) for first in range(3)]
    commands, answers = made.push([(each, each.encode(), 3 if each.first == 1 else None) for each in requests])
    common, own = made.requests, KEYS.own_requests(0, 3)
    of_anyone = (requests[0].encode(), requests[2].encode())
    plain = [*encode("RPUSH", own, requests[1].encode()), *encode("EXPIRE", own, LIFETIME)]
    plain += [*encode("RPUSH", common, *of_anyone), *encode("EXPIRE", common, LIFETIME)]
    assert (b"".join(commands), answers) == (b"".join(plain), 2 * PUSH_ANSWERS)


@pytest.mark.parametrize("fails_at", range(4))
def test_a_window_that_could_not_be_opened_covers_nothing_and_is_opened_again_under_its_number(fails_at):
    made = window()
    made.open(FakeRedis(), at(0, 0), 4, ())
    client = FakeRedis(fails_at)
    with pytest.raises(ConnectionLostError):
        made.open(client, at(0, 2), 4, ("slow",))
    assert not any(made.covers(at(0, index)) for index in range(10))
    lease = made.open(client, at(0, 2), 4, ())
    assert (lease.window, made.number) == (1, 1)
    assert ("rpush", KEYS.requests(0)) in client.written
    assert made.covers(at(0, 2))


def test_a_run_that_ends_before_its_first_window_has_nobody_to_tell():
    client = FakeRedis()
    window().close(client)
    assert client.written == []
