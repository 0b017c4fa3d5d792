"""What becomes of a run on a worker is always told: also that it failed by what nobody has foreseen, or was left."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

import worker.samples
from shared.messaging.keys import SweepKeys
from shared.messaging.trials import BEGINS, EPOCH, FAILED, LEFT, REFUSED, Notice, TrialTask
from tests.support.sweeps import wanted_run
from tests.support.waiting import PATIENCE
from worker.departure import COORDINATOR_GONE
from worker.whole_run import WholeRun

KEYS = SweepKeys("sweep")


@pytest.fixture
def redis(server):
    with server.client() as client:
        client.set(KEYS.wanted("trial"), 1)
        yield client


@pytest.fixture
def compute(server):
    """Have a run computed in another thread."""
    with ThreadPoolExecutor(1) as pool:

        def begin(**changed):
            prepared = wanted_run().prepared
            data = prepared.dataset()
            parts = (data.training, data.validation, data.test)
            for part in parts:
                worker.samples.keep(part)
            config = replace(prepared.config, **changed)
            task = TrialTask("sweep", "trial", 1, config, tuple(part.sha256 for part in parts), None, ())
            return pool.submit(WholeRun(task, server.url, "name").work)

        yield begin
    worker.samples.forget()


def notices(redis) -> Iterator[Notice]:
    while True:
        found = redis.blpop([KEYS.notices], PATIENCE)
        assert found is not None, "no notice has come"
        yield Notice.decode(found[1])


def test_a_run_that_raises_what_nobody_has_foreseen_is_told_to_have_failed(redis, compute):
    running = compute(sizes=(7, 4, 3))  # of samples that have four inputs
    heard = notices(redis)
    assert next(heard).kind == BEGINS
    failed = next(heard)
    redis.set(KEYS.wanted("trial"), 0)  # the coordinator has it
    assert failed.kind == FAILED
    assert failed.content["reason"].startswith("ValueError: ")
    assert "\n" not in failed.content["reason"]
    assert running.result(PATIENCE) == f"failed: {failed.content['reason']}"


def test_a_run_that_takes_more_memory_than_this_worker_has_is_left_to_others(redis, compute, monkeypatch):
    monkeypatch.setattr("worker.limits.memory_bytes", lambda: 10_000)
    monkeypatch.setattr("worker.whole_run._REFUSED", 0.0)
    running, heard = compute(), notices(redis)
    assert next(heard).kind == BEGINS
    refused = next(heard)
    assert refused.kind == REFUSED
    assert refused.content["too_large"]
    assert "samples at once of a network of 11 neurons take" in refused.content["reason"]
    assert running.result(PATIENCE) == f"refused: {refused.content['reason']}"


def test_who_misses_the_coordinator_for_long_leaves_and_says_so(redis, compute, monkeypatch):
    monkeypatch.setattr("worker.holding.WANTED_LIFETIME", 0.5)
    running, heard = compute(epochs=100_000), notices(redis)
    assert next(heard).kind == BEGINS
    redis.delete(KEYS.wanted("trial"))
    assert running.result(PATIENCE) == COORDINATOR_GONE
    assert next(notice.kind for notice in heard if notice.kind != EPOCH) == LEFT
