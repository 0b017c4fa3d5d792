"""Sending leases, with a queue in memory instead of Redis."""

import pytest
from kombu import Message
from kombu.exceptions import OperationalError
from kombu.transport.redis import Channel

from coordinator.workers.dispatcher import Dispatcher
from coordinator.workers.leases import Leases
from coordinator.workers.task_sender import BrokerAwayError
from shared.messaging.addresses import CELERYS_OWN
from shared.messaging.keys import BINDING_KEYS, LEASE_KEYS, PREFIX, QUEUE
from shared.messaging.lease import LEASE_TASK, Lease
from shared.messaging.seals import CoordinatorKeys
from tests.support.clock import Clock
from tests.support.leases import template


@pytest.fixture
def dispatcher():
    made = Dispatcher("memory://")
    yield made
    drain(made)
    made.close()


@pytest.fixture
def leases() -> Leases:
    made = Leases(CoordinatorKeys(), Clock())
    made.open(template(), 2)
    return made


def drain(dispatcher: Dispatcher) -> list[Message]:
    """Take what is in the queue."""
    with dispatcher._sender.app.connection_for_read() as connection, connection.channel() as channel:
        return list(iter(lambda: channel.basic_get(QUEUE, no_ack=True), None))


def lease_of(message: Message) -> Lease:
    arguments, _, _ = message.payload
    return Lease.from_json(arguments[0])


def test_every_due_lease_is_sent_once(dispatcher, leases):
    dispatcher.send_due(leases)
    dispatcher.send_due(leases)
    assert [(lease.number, lease.label) for lease in map(lease_of, drain(dispatcher))] == [(0, "1/2"), (1, "2/2")]
    assert leases.next_due() is None


def test_all_leases_are_one_task_to_flower_which_shows_what_each_is_for(dispatcher, leases):
    dispatcher.send_due(leases)
    headers = drain(dispatcher)[0].headers
    assert headers["task"] == LEASE_TASK
    assert headers["shadow"] is None
    assert headers["argsrepr"] == "(epoch 3, mini-batches 500–999, lease 1/2, run)"


def test_leases_go_to_the_broker_that_was_given_whatever_another_app_was_told(leases, monkeypatch):
    for name in CELERYS_OWN:
        monkeypatch.setenv(name, "redis://127.0.0.1:1/0")
    dispatcher = Dispatcher("memory://")
    dispatcher.send_due(leases)
    assert len(drain(dispatcher)) == 2
    dispatcher.close()


def test_the_queue_is_taken_until_a_lease_is_sent_and_again_when_all_are(dispatcher, leases):
    assert dispatcher.is_taken()
    dispatcher.send_due(leases)
    assert not dispatcher.is_taken()
    drain(dispatcher)
    assert dispatcher.is_taken()


@pytest.mark.parametrize(
    "error", [OperationalError("cut"), AttributeError("no channel"), ConnectionResetError("reset")]
)
def test_what_could_not_be_sent_stays_due(dispatcher, leases, monkeypatch, error):
    send, calls = dispatcher._sender.app.send_task, []

    def fail_at_the_second(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise error
        return send(*arguments, **options)

    monkeypatch.setattr(dispatcher._sender.app, "send_task", fail_at_the_second)
    with pytest.raises(BrokerAwayError, match=str(error)):
        dispatcher.send_due(leases)
    assert leases.next_due().label == "2/2"
    dispatcher.send_due(leases)
    assert [lease.number for lease in map(lease_of, drain(dispatcher))] == [0, 1]


def test_the_keys_that_are_kept_are_those_of_kombu():
    assert {*LEASE_KEYS} - {*BINDING_KEYS} == {
        PREFIX + name for name in (QUEUE, Channel.unacked_key, Channel.unacked_index_key)
    }
    for pattern in (Channel.keyprefix_queue, Channel.keyprefix_binding_permanent):
        assert PREFIX + pattern % QUEUE in BINDING_KEYS
    assert PREFIX + Channel.keyprefix_binding_deadlines in BINDING_KEYS
