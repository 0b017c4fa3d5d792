"""Who is to blame when a run comes to nothing: a worker that was lost, and not the coordinator's own silence."""

import tracemalloc
from dataclasses import asdict

import pytest

from coordinator.sweeps.remote import RemoteTrials
from coordinator.sweeps.trials import Ended
from shared.environment import environment
from shared.messaging.trials import BEGINS, ENDED, FAILED, LEFT, REFUSED, Notice
from tests.support.clock import Clock
from tests.support.sweeps import wanted_run

LONG = 2**26  # bytes
SILENCE = 20.0  # seconds, after which workers have given up


class Alone:
    """A coordinator with one run, and what workers do with that in a real Redis."""

    def __init__(self, url: str, redis) -> None:
        self.clock, self.said, self.redis = Clock(), [], redis
        self.trials = RemoteTrials(url, say=self.said.append, clock=self.clock)
        self.run = wanted_run()
        self.trials.give(self.run)
        self.look()

    @property
    def given(self):
        return self.trials._given[self.run.name]

    def say(self, kind: str, **content) -> None:
        notice = Notice(kind, self.run.name, self.given.attempt, "worker", content)
        self.redis.rpush(self.trials._keys.notices, notice.encode())

    def hold(self) -> None:
        self.say(BEGINS)
        self.redis.set(self.trials._keys.held(self.run.name), f"{self.given.attempt}:token:worker")
        self.look()

    def let_go(self) -> None:
        self.redis.delete(self.trials._keys.held(self.run.name))

    def look(self, after: float = 2.0) -> list[Ended]:
        self.clock.advance(after)
        self.redis.rpush(self.trials._keys.notices, b"")  # so that nobody waits for one
        return self.trials.wait()

    def fall_silent(self) -> None:
        """Stop for a while: our sign expires, and the worker lets go."""
        self.redis.delete(self.trials._keys.wanted(self.run.name))
        self.let_go()
        self.clock.advance(SILENCE)


@pytest.fixture
def alone(server):
    with server.client() as redis:
        found = Alone(server.url, redis)
        yield found
        found.trials.close()


def test_a_worker_that_is_lost_is_counted_and_two_end_the_run_as_lost(alone):
    alone.hold()
    alone.let_go()
    assert alone.look(4.0) == []
    assert alone.said == ["trial-0000: worker was lost; another is to begin it again"]
    alone.look()
    alone.hold()
    alone.let_go()
    (ended,) = alone.look(4.0)
    assert ended.is_lost
    assert ended.reason == "has come to nothing with 2 workers, the last time because worker was lost"


def test_a_run_that_two_workers_have_too_little_memory_for_is_lost(alone):
    alone.say(REFUSED, reason="it takes 3 GiB", too_large=True)
    assert alone.look() == []
    assert alone.said == [
        "worker worker computes nothing: it takes 3 GiB",
        "trial-0000: worker worker has too little memory for it; another is to begin it again",
    ]
    alone.say(REFUSED, reason="it takes 3 GiB", too_large=True)
    (ended,) = alone.look()
    assert ended.is_lost
    assert ended.reason.endswith("the last time because worker worker has too little memory for it")


def test_silences_of_our_own_are_no_worker_s_loss(alone):
    for attempt in range(1, 6):
        assert alone.given.attempt == attempt
        alone.hold()
        alone.fall_silent()
        assert alone.look() == []
        assert alone.look(4.0) == []
        alone.look()
    assert alone.given.losses == 0
    assert alone.said == []
    # Who is lost after that is counted.
    alone.hold()
    alone.let_go()
    alone.look(4.0)
    assert alone.given.losses == 1


def test_a_worker_that_held_on_through_a_silence_goes_on(alone):
    alone.hold()
    alone.redis.delete(alone.trials._keys.wanted(alone.run.name))
    alone.look(SILENCE)
    assert alone.given.attempt == 1
    assert alone.redis.get(alone.trials._keys.wanted(alone.run.name)) == b"1"


def test_one_that_has_left_meanwhile_is_believed(alone):
    alone.hold()
    alone.say(LEFT)
    alone.let_go()
    alone.look(7.0)  # a short silence, in which our sign stays
    assert alone.given.losses == 0
    assert alone.given.attempt == 2


def test_runs_that_vanish_in_silences_are_sent_again_as_often_as_need_be(alone):
    for _ in range(8):
        alone.redis.delete(alone.trials._keys.wanted(alone.run.name), "gradmq:trials")
        assert alone.look(200.0) == []
        assert alone.look(200.0) == []
        assert alone.look() == []
    assert alone.given.vanished == 0


def test_a_worker_that_answers_nonsense_is_not_waited_for(alone):
    alone.hold()
    place = {"fixed_problem": "0", **asdict(environment())}
    alone.say(ENDED, epochs=[], models={}, place=place)
    assert alone.look() == []
    assert "worker answered what cannot be used" in alone.said[0]
    assert alone.given.attempt == 2


def test_a_model_longer_than_any_of_its_network_is_dropped_piece_by_piece_and_the_run_begins_again(alone):
    """Whoever has the workers' password may write there as much as Redis takes."""
    alone.hold()
    alone.redis.hset(alone.trials._keys.weights(alone.run.name), "model", bytes(LONG))
    alone.say(ENDED, epochs=[], models={}, place={"fixed_problem": "0", **asdict(environment())})
    tracemalloc.start()
    try:
        assert alone.look() == []
        assert tracemalloc.get_traced_memory()[1] < LONG / 4
    finally:
        tracemalloc.stop()
    assert f"worker answered what cannot be used (a model of {LONG} bytes, where " in alone.said[0]
    assert alone.given.attempt == 2
    alone.hold()
    alone.redis.hset(alone.trials._keys.weights(alone.run.name), "model", bytes(LONG))
    alone.say(ENDED, epochs=[], models={}, place={})
    (ended,) = alone.look()
    assert ended.is_lost
    assert f"a model of {LONG} bytes" in ended.reason


def test_a_run_that_fails_by_itself_is_not_lost(alone):
    alone.hold()
    alone.say(FAILED, reason="no longer finite")
    assert alone.look() == [Ended(alone.run.name, reason="no longer finite")]
