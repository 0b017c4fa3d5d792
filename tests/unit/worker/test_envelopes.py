"""Which messages Celery gets to see."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.celery_settings import celery_settings
from tests.support.messages import BAD_COMMANDS, BAD_TASKS, command_message, task_message
from worker.envelopes import flaw


def soon() -> str:
    return (datetime.now(UTC) + timedelta(minutes=5)).isoformat()


@pytest.mark.parametrize(
    "message",
    [
        task_message(),
        task_message({"timelimit": [60, 30.5], "eta": soon(), "expires": soon(), "retries": 2}),
        task_message({"expires": (datetime.now(UTC) + timedelta(days=2)).isoformat()}),
        command_message({"method": "ping", "arguments": {}, "destination": None, "pattern": None, "matcher": None}),
        command_message(
            {
                "method": "stats",
                "ticket": "1",
                "destination": ["a@b"],
                "reply_to": {"exchange": "x", "routing_key": "y"},
            },
            {"expires": 1e9},
        ),
        command_message({"method": "ping", "destination": [f"worker{number}@host" for number in range(2000)]}),
    ],
)
def test_what_celery_sends_is_a_message(message):
    assert flaw(message) == ""


def test_what_this_celery_makes_of_a_task_is_a_message():
    """Should a new release send other fields, they must be let through."""
    with Celery(broker="memory://", set_as_current=False) as app:
        app.conf.update(celery_settings("memory://"))
        app.send_task(
            "gradmq.lease", args=[{}], queue="leases", countdown=5, expires=60, time_limit=9, headers={"a": 1}
        )
        app.control.broadcast("ping", reply=False)
        with app.connection_for_read() as connection, connection.channel() as channel:
            raw = channel._get("leases")
    assert flaw(raw) == ""


@pytest.mark.parametrize("name", BAD_TASKS)
def test_what_no_client_sends_is_none(name):
    assert flaw(BAD_TASKS[name])


@pytest.mark.parametrize("name", BAD_COMMANDS)
def test_what_no_remote_control_sends_is_none(name):
    assert flaw(BAD_COMMANDS[name])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(data=st.data(), value=values)
def test_whatever_is_in_a_field_is_told_in_one_short_line(data, value):
    message = json.loads(json.dumps(data.draw(st.sampled_from([task_message(), command_message({"method": "ping"})]))))
    part = data.draw(st.sampled_from([message, message["headers"], message["properties"]]))
    part[data.draw(st.sampled_from(sorted(part)))] = value
    assert len(flaw(message)) < 200
    assert len(flaw(value)) < 200
    assert len(flaw({**message, "body": base64.b64encode(json.dumps(value).encode()).decode()})) < 200
