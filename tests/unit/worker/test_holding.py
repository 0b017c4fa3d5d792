"""A run is computed by one worker, though it is asked for again, or its task comes twice."""

import pytest

from shared.messaging.keys import SweepKeys
from shared.messaging.trials import TrialTask
from tests.support.learning import EXACT
from tests.support.waiting import wait_until
from worker.holding import HELD, NOT_WANTED, Holding

KEYS = SweepKeys("sweep")
WANTED, HELD_KEY = KEYS.wanted("trial"), KEYS.held("trial")


def holding(server, attempt: int, name: str) -> Holding:
    return Holding(server.url, TrialTask("sweep", "trial", attempt, EXACT, ("a", "", ""), None, ()), name)


@pytest.fixture
def redis(server):
    with server.client() as client:
        client.set(WANTED, 1)
        yield client


def holder(redis) -> str:
    return (redis.get(HELD_KEY) or b"").decode().rpartition(":")[2]


def test_a_task_that_comes_twice_is_computed_once(server, redis):
    with holding(server, 1, "first") as first, holding(server, 1, "second") as second:
        assert second.why == HELD
        assert not first.why
        assert holder(redis) == "first"
    assert not redis.exists(HELD_KEY)


def test_who_finds_the_next_attempt_wanted_leaves_and_never_writes_its_sign_again(server, redis):
    with holding(server, 1, "first") as first:
        with redis.pipeline(transaction=True) as pipeline:
            pipeline.set(WANTED, 2)
            pipeline.delete(HELD_KEY)
            pipeline.execute()
        wait_until(lambda: first.why, "the first to look")
        assert first.why == NOT_WANTED
        assert not redis.exists(HELD_KEY)
        with holding(server, 2, "second") as second:
            assert not second.why
            assert holder(redis) == "second"


def test_a_sign_is_renewed_or_given_again_but_never_in_the_place_of_another_s(server, redis):
    with holding(server, 1, "first") as first:
        assert first._renew(redis)
        redis.delete(HELD_KEY)
        assert first._renew(redis)
        assert holder(redis) == "first"
        assert 0 < redis.ttl(HELD_KEY) <= 4
        redis.set(HELD_KEY, "1:other:second")
        assert not first._renew(redis)
        assert holder(redis) == "second"
    assert holder(redis) == "second"
