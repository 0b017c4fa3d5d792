"""What a message in Celery's queues must look like.

Whoever has the workers' password may write anything there. Celery trusts the fields of a message: some values of the
wrong type end a worker, others keep the message in its hands for ever. So each is looked at before Celery sees it.
"""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

_LONGEST_TEXT = 10_000  # characters of one field
# Characters of a message before anything of it is read: a call of `gradmq.predict` with all the samples it may have.
LONGEST_MESSAGE = 2**25
_LATEST = timedelta(hours=1)  # from now: until then a message may ask to wait; a broker gives it to another then
_LONGEST_LIFE = timedelta(days=3650)  # from now, of a message that expires
_LONGEST_TIME = 86_400  # seconds that a task may be given

_Check = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT


def _is_whole(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**31


def _is_time(value: Any, furthest: timedelta) -> bool:
    """Tell whether this is a time, in ISO 8601, that is over or no further from now."""
    if not _is_text(value):
        return False
    try:
        time = datetime.fromisoformat(value)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)) - datetime.now(UTC) < furthest
    except (ValueError, OverflowError):
        return False


def _are_limits(value: Any) -> bool:
    """Tell whether these are Celery's two time limits, in seconds."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(each is None or (type(each) in (int, float) and 0 < each <= _LONGEST_TIME) for each in value)
    )


def _are_texts(value: Any, most: int = 100) -> bool:
    return isinstance(value, list) and len(value) <= most and all(map(_is_text, value))


def _are_workers(value: Any) -> bool:
    return _are_texts(value, most=10_000)


# What each field must be, if it is there and not null.
_HEADERS: dict[str, _Check] = {
    **dict.fromkeys(
        ("id", "task", "lang", "root_id", "parent_id", "group", "origin", "shadow", "argsrepr", "kwargsrepr"), _is_text
    ),
    **dict.fromkeys(("retries", "group_index", "clock", "replaced_task_nesting"), _is_whole),
    "eta": lambda value: _is_time(value, _LATEST),
    "expires": lambda value: _is_time(value, _LONGEST_LIFE),
    "timelimit": _are_limits,
    "stamped_headers": _are_texts,
    "stamps": lambda value: isinstance(value, dict),
    "ignore_result": lambda value: isinstance(value, bool),
    "compression": lambda value: False,  # nobody here packs anything, and a little can be unpacked to very much
}
_CONTROL_HEADERS: dict[str, _Check] = {
    "clock": _is_whole,
    "expires": lambda value: type(value) in (int, float),
    "compression": _HEADERS["compression"],
}
_PROPERTIES: dict[str, _Check] = {
    **dict.fromkeys(("correlation_id", "reply_to", "delivery_tag"), _is_text),
    **dict.fromkeys(("delivery_mode", "priority"), _is_whole),
}
_DELIVERY: dict[str, _Check] = dict.fromkeys(("exchange", "routing_key"), _is_text)
_EMBEDDED: dict[str, _Check] = dict.fromkeys(("callbacks", "errbacks", "chain"), lambda value: isinstance(value, list))
_CONTROL: dict[str, _Check] = {
    **dict.fromkeys(("method", "ticket", "pattern", "matcher"), _is_text),
    "arguments": lambda value: isinstance(value, dict),
    "destination": _are_workers,
    "reply_to": lambda value: (
        isinstance(value, dict) and not _wrong(value, dict.fromkeys(("exchange", "routing_key"), _is_text))
    ),
}


def flaw(message: Any) -> str:
    """Return what is wrong with a message, as it was decoded from Redis; nothing if Celery may have it."""
    if not isinstance(message, dict):
        return "it is no object"
    headers, properties = message.get("headers"), message.get("properties")
    if not isinstance(headers, dict) or not isinstance(properties, dict):
        return "it has no headers or no properties"
    delivery = properties.get("delivery_info")
    if not isinstance(delivery, dict) or not _is_text(properties.get("delivery_tag")):
        return "it does not say where it was delivered"
    if message.get("content-type") != "application/json" or message.get("content-encoding") != "utf-8":
        return "it is not JSON"
    if properties.get("body_encoding") != "base64":
        return "its body is not encoded as it must be"
    wrong = flaw_of_headers(headers) or _wrong(properties, _PROPERTIES) or _wrong(delivery, _DELIVERY)
    if wrong:
        return wrong
    try:
        body = _decoded(message.get("body"))
    except (ValueError, TypeError, RecursionError) as error:
        return f"its body cannot be read: {type(error).__name__}"
    if "task" in headers:
        return _flaw_of_task(headers, body)
    # What workers tell each other, and answers, are for Celery as they are.
    is_told = isinstance(body, dict) and "method" not in body and ("ticket" in headers or _is_text(body.get("type")))
    return "" if is_told else _flaw_of_control(body)


def flaw_of_headers(headers: Any) -> str:
    """Return what is wrong with the headers of a message from any broker; nothing if Celery may have them."""
    if not isinstance(headers, dict):
        return "it has no headers"
    return _wrong(headers, _HEADERS if "task" in headers else _CONTROL_HEADERS)


def flaw_of_body(body: Any) -> str:
    """Return what is wrong with the length of a message's body from any broker; nothing if Celery may have it."""
    if not body:
        return f"it has no body, or one of more than {LONGEST_MESSAGE} bytes"
    return "" if len(body) <= LONGEST_MESSAGE else f"its body has {len(body)} bytes, more than {LONGEST_MESSAGE}"


def _flaw_of_task(headers: dict[str, Any], body: Any) -> str:
    if not _is_text(headers["task"]) or not _is_text(headers.get("id")):
        return "it names no task, or has no id"
    if not (isinstance(body, list) and [type(each) for each in body] == [list, dict, dict]):
        return "it has no arguments"
    return _wrong(body[2], _EMBEDDED)


def _flaw_of_control(body: Any) -> str:
    if not isinstance(body, dict) or not _is_text(body.get("method")):
        return "it is neither a task nor a command"
    return _wrong(body, _CONTROL)


def _decoded(body: Any) -> Any:
    if not isinstance(body, str):
        raise TypeError("the body is no text")
    return json.loads(base64.b64decode(body))


def _wrong(fields: dict[str, Any], checks: dict[str, _Check]) -> str:
    """Return which field is wrong, nothing if none is.  A field that is not known is nobody's."""
    for name, check in checks.items():
        value = fields.get(name)
        if value is not None and not check(value):
            return f"its field {name} is {type(value).__name__} {repr(value)[:40]}"
    return ""
