"""Messages in Celery's queue as a client of Celery writes them, and as somebody writes them who means harm."""

import base64
import json
import zlib
from typing import Any

from shared.messaging.lease import LEASE_TASK

_DELIVERY = {"exchange": "", "routing_key": "leases"}
_EMBEDDED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def encoded(body: Any) -> str:
    """A body as it is in a message."""
    return base64.b64encode(body if isinstance(body, bytes) else json.dumps(body).encode()).decode()


def task_message(
    headers: dict[str, Any] | None = None, properties: dict[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    """A task as Celery sends it, but for what is to be other."""
    return {
        "body": encoded([[{}], {}, _EMBEDDED]),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            **{"lang": "py", "task": LEASE_TASK, "id": "1", "root_id": "1", "parent_id": None, "group": None},
            **{"argsrepr": "", "kwargsrepr": "{}", "origin": "me", "retries": 0, "timelimit": [None, None]},
            **{"eta": None, "expires": None, "shadow": None, "ignore_result": False, **(headers or {})},
        },
        "properties": {
            **{"delivery_info": _DELIVERY, "delivery_tag": "1", "body_encoding": "base64"},
            **{"correlation_id": "1", "reply_to": "me", "priority": 0, "delivery_mode": 2, **(properties or {})},
        },
        **fields,
    }


def command_message(body: Any, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    """A command for all workers, as Celery's remote control sends it."""
    return task_message(body=encoded(body)) | {"headers": {"clock": 1, "expires": 0, **(headers or {})}}


_DEEP = b"[" * 100_000
_BOMB = encoded(zlib.compress(b"[" + b"1," * 30_000_000 + b"1]"))  # 60 MB in 60 kB

_NO_OBJECTS: dict[str, Any] = {"null": None, "a number": 5, "a list": [], "nothing": {}}

# By name. Before they were looked at, most of them ended a worker, or stayed in its hands so that it took no other.
BAD_TASKS: dict[str, Any] = {
    **_NO_OBJECTS,
    **{f"headers {value}": task_message() | {"headers": value} for value in (None, [], "x")},
    **{f"properties {value}": task_message() | {"properties": value} for value in (None, [], {})},
    **{
        f"{name} {str(value)[:20]}": task_message({name: value})
        for name, values in {
            "timelimit": ["ab", ["a", "b"], [1e400, -1], 5, {}, [0, 0], [float("nan"), None]],
            "retries": ["x", -1, 1e9],
            "eta": [5, "zz", "9999-12-31T23:59:59+00:00"],
            "expires": [{}, 5, "9999-12-31T23:59:59+00:00"],
            "id": [["a"], None, 5, "x" * 100_000],
            "task": [["a"], {}, None],
            "group": [["x"]],
            "argsrepr": [[1]],
            "stamps": [3],
            "stamped_headers": [5],
        }.items()
        for value in values
    },
    **{
        f"{name} {value}": task_message(properties={name: value})
        for name, values in {
            "delivery_tag": [[1], None],
            "delivery_info": [5],
            "priority": ["x"],
            "body_encoding": ["zip", None],
        }.items()
        for value in values
    },
    **{
        f"content-type {value}": task_message(**{"content-type": value})
        for value in (5, "application/x-python-serialize")
    },
    "content-encoding klingon": task_message(**{"content-encoding": "klingon"}),
    "a deep body": task_message(body=encoded(_DEEP)),
    "a packed body": task_message({"compression": "application/x-gzip"}, body=_BOMB),
    **{f"body {value}": task_message(body=value) for value in (5, None, "!", "")},
    **{
        f"arguments {value}": task_message(body=encoded(value))
        for value in (5, [], [[5], 5, 5], [[{}], {}, {"callbacks": 5}], [[{}], {}, {"chain": "x"}])
    },
}
BAD_COMMANDS: dict[str, Any] = {
    **_NO_OBJECTS,
    **{
        f"command {value}": command_message(value)
        for value in (
            *(5, [1, 2], {}, {"method": 5}, {"method": "ping", "arguments": 5}, {"method": "ping", "destination": 5}),
            {"method": "ping", "reply_to": 5},
        )
    },
    "clock x": command_message({"method": "ping"}, {"clock": "x"}),
    "expires x": command_message({"method": "ping"}, {"expires": "x"}),
    "a packed command": command_message({"method": "ping"}, {"compression": "application/x-gzip"}) | {"body": _BOMB},
}
BAD_BYTES = [b"garbage", b"\xff\xfe", _DEEP]  # no JSON, or more than is read as such
