"""What becomes of the errors of a broker, with a queue in memory instead of one."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from amqp.exceptions import AccessRefused
from kombu import pools
from kombu.exceptions import OperationalError
from kombu.transport.memory import Channel

from coordinator.workers.task_sender import BrokerAwayError, BrokerForbiddenError, TaskSender
from shared.messaging.keys import TRIALS


@pytest.fixture
def sender() -> Iterator[TaskSender]:
    with closing(TaskSender("memory://")) as made:
        yield made


def send(sender: TaskSender) -> None:
    sender.send("a task", {}, TRIALS, "a description", 60)


@pytest.mark.parametrize("error", [OperationalError("cut"), AttributeError("no channel")])
def test_a_connection_in_an_unknown_state_is_never_used_again(sender, monkeypatch, error):
    send(sender)
    broken = sender._connection

    def fail(*arguments: object, **options: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(sender.app, "send_task", fail)
        with pytest.raises(BrokerAwayError, match=str(error)):
            send(sender)
    send(sender)
    assert sender._connection is not broken
    assert not broken.connected


def test_the_connection_is_in_no_pool_of_the_whole_process(sender):
    before = len(pools.connections)
    send(sender)
    assert sender._connection.connected
    assert len(pools.connections) == before


def test_who_may_not_enter_is_told_apart_from_who_finds_nobody(sender, monkeypatch):
    def refuse(*arguments: object, **options: object) -> None:
        raise OperationalError("refused") from AccessRefused("login was refused")

    monkeypatch.setattr(sender.app, "send_task", refuse)
    with pytest.raises(BrokerForbiddenError, match="refused"):
        send(sender)


@pytest.mark.parametrize("error", [ValueError("12a"), AttributeError("no channel")])
def test_whatever_comes_of_asking_how_many_wait_is_the_brokers(sender, monkeypatch, error):
    def fail(*arguments: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Channel, "_size", fail)
        with pytest.raises(BrokerAwayError, match=str(error)):
            sender.n_waiting(TRIALS)
    assert sender.n_waiting(TRIALS) >= 0
