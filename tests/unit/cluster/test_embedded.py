"""The embedded cluster, with processes that are none."""

import logging
import os
import signal
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from coordinator.cluster import embedded
from coordinator.cluster.embedded import Cluster
from shared.errors import QueueError


class FakeProcess:
    """Takes what a real one takes, and ends for good as soon as it is told to."""

    def __init__(self, name, command, log_file, environment, inherited, group):
        self.name, self.command, self.environment, self.inherited = name, command, environment, inherited
        self.process = SimpleNamespace(wait=lambda: None)
        self.supervised = 0
        self.dead = False

    def supervise(self):
        self.supervised += 1
        if self.dead:
            raise QueueError(f"{self.name} ends as soon as it starts")


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """Two workers and Flower."""
    monkeypatch.setattr(embedded, "SupervisedProcess", FakeProcess)
    monkeypatch.setattr(embedded, "redis_command", lambda *_: ["redis-server"])
    monkeypatch.setattr(embedded, "client", lambda *_, **__: nullcontext(SimpleNamespace(ping=lambda: None)))
    monkeypatch.setenv("GRADMQ_BROKER_URL", "amqp://elsewhere")
    monkeypatch.setenv("GRADMQ_MEMORY", "9:9:9")
    group = SimpleNamespace(folder=str(tmp_path), id=os.getpid(), supervise=lambda: None)
    cluster = Cluster(group, tmp_path, tmp_path / "logs")
    cluster.start(2, 5555)
    yield cluster
    cluster.reap()


def test_redis_comes_first_and_every_worker_has_a_slot_of_its_own(cluster):
    redis, *workers = cluster.processes
    assert [each.name for each in cluster.processes] == ["redis", "worker1", "worker2"]
    assert "GRADMQ_MEMORY" not in redis.environment
    for slot, worker in enumerate(workers, 1):
        descriptor, *rest = worker.environment["GRADMQ_MEMORY"].split(":")
        assert rest == [str(slot), "2"]
        assert worker.inherited == [int(descriptor)]


def test_the_workers_are_told_of_our_own_redis_whatever_the_environment_says(cluster):
    for each in cluster.processes:
        assert each.environment["GRADMQ_REDIS_URL"] == cluster.redis_url
        assert "GRADMQ_BROKER_URL" not in each.environment


def test_without_a_worker_there_is_no_run(cluster):
    cluster.processes[2].dead = True
    with pytest.raises(QueueError, match="worker2 ends as soon as it starts"):
        cluster.supervise()


def test_flower_asks_for_a_password_that_is_said_and_new_each_time(cluster, tmp_path, caplog):
    caplog.set_level(logging.INFO, "coordinator")
    cluster._start_flower(5555)
    (line,) = caplog.messages
    password = line.removeprefix("Flower is on http://127.0.0.1:5555: user gradmq, password ")
    assert len(password) == 16
    assert cluster.flower.environment["FLOWER_BASIC_AUTH"] not in ("", f"gradmq:{password}")
    assert all("FLOWER_BASIC_AUTH" not in each.environment for each in cluster.processes)


def test_a_login_of_ones_own_is_used_and_not_told(tmp_path, monkeypatch, cluster, caplog):
    caplog.set_level(logging.INFO, "coordinator")
    cluster._environment |= {"FLOWER_BASIC_AUTH": "me:mine", "FLOWER_MAX_TASKS": ""}
    flower = cluster._start_flower(5555)
    assert flower.environment["FLOWER_BASIC_AUTH"] == "me:mine"
    assert flower.environment["FLOWER_MAX_TASKS"] == "5000"
    assert caplog.messages == ["Flower is on http://127.0.0.1:5555: with the login of FLOWER_BASIC_AUTH"]


def test_flower_is_only_a_view_and_missed_once(cluster, caplog):
    cluster.flower.dead = True
    cluster.supervise()
    cluster.supervise()
    assert caplog.messages == ["flower ends as soon as it starts; going on without it"]
    assert [each.supervised for each in cluster.processes] == [2, 2, 2]


def test_a_redis_that_is_killed_before_it_answers_is_started_again(cluster, monkeypatch):
    refusals = [QueueError("no such file")]

    def client(*_: object, **__: object) -> object:
        if refusals:
            raise refusals.pop()
        return nullcontext(SimpleNamespace(ping=lambda: None))

    monkeypatch.setattr(embedded, "client", client)
    redis = cluster.processes[0]
    redis.process.poll = lambda: -signal.SIGKILL
    cluster._wait_for_redis(redis)
    assert redis.supervised == 1
