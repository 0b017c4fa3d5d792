"""Celery's queues in a real Redis, which may be another than that for the tensors."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from coordinator.sweeps.remote import RemoteTrials
from coordinator.workers.task_queue import TaskQueue
from coordinator.workers.task_sender import BrokerAwayError, BrokerForbiddenError
from shared.messaging.addresses import broker_url
from shared.messaging.keys import LEASE_LIFETIME, TRIAL_KEYS, TRIALS
from tests.support.clock import Clock
from tests.support.damage import Damage
from tests.support.proxy import Proxy
from tests.support.servers import Server
from tests.support.sweeps import given_run
from tests.support.waiting import wait_until

WAITING = TRIAL_KEYS[0]


def queue_at(url: str) -> TaskQueue:
    return TaskQueue(broker_url(url), TRIALS, "a task", TRIAL_KEYS, LEASE_LIFETIME)


def test_a_run_that_waits_on_another_broker_is_seen_there_and_not_sent_again(server, broker):
    clock = Clock()
    with closing(RemoteTrials(server.url, broker.tcp_url, clock=clock)) as trials, broker.client() as redis:
        trials.give(given_run())
        for _ in range(4):
            assert trials.wait() == []
            clock.advance(200.0)
        (given,) = trials._given.values()
        assert given.vanished == 0
        assert redis.llen(WAITING) == 1
        assert 0 < redis.ttl(WAITING) <= LEASE_LIFETIME


def test_a_queue_that_is_closed_leaves_no_connection(server):
    with server.client() as redis:
        before = len(redis.client_list())
        queue = queue_at(server.url)
        queue.send({}, "first")
        queue.keep_keys()
        assert not queue.is_taken()
        assert len(redis.client_list()) > before
        queue.close()
        wait_until(lambda: len(redis.client_list()) == before, "the end of its connections")


def test_one_queue_that_is_closed_does_not_disturb_another_of_the_same_broker(server):
    with closing(queue_at(server.url)) as queue, server.client() as redis:
        other = queue_at(server.url)
        for each in (queue, other):
            each.send({}, "first")
        connection = queue._sender._connection
        other.close()
        queue.send({}, "second")
        assert queue._sender._connection is connection
        assert redis.llen(WAITING) == 3


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with closing(Proxy(server.socket)) as made:
        yield made


@pytest.mark.parametrize("answer", [b":12a", b"*x", b"$zz", b"?", b"+OK", b"$-1", b"*1\r\n:3"])
def test_what_no_redis_answers_is_a_broker_that_is_away(server, proxy, answer):
    with closing(queue_at(f"redis://:{server.password}@127.0.0.1:{proxy.port}/0")) as queue:
        assert queue.is_taken()
        proxy.damage(Damage(change=lambda data: answer + b"\r\n", also_logins=True))
        with pytest.raises(BrokerAwayError):
            queue.is_taken()
        wait_until(lambda: proxy.damages == 1, "the damage")
        assert queue.is_taken()


def test_a_password_that_is_wrong_is_told_apart_from_a_broker_that_is_away(server):
    with closing(queue_at(server.tcp_url.replace(server.password, "another"))) as queue:
        for what in (lambda: queue.send({}, "first"), queue.keep_keys, queue.is_taken):
            with pytest.raises(BrokerForbiddenError):
                what()
        server.kill()
        for what in (queue.keep_keys, queue.is_taken):
            with pytest.raises(BrokerAwayError):
                what()
