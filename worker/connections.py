"""The connection to Redis, kept from lease to lease: over TLS a new one takes as long as a hundred steps."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from shared.messaging.resp import Stream

_SILENCE = 30.0  # seconds without an answer after which a connection counts as dead
_FRESH = 5.0  # seconds of rest after which it might have died unnoticed, and a new one is safer

_kept: dict[str, tuple[Stream, float]] = {}  # by address, with the time of its last use


@contextmanager
def connection(url: str) -> Iterator[Stream]:
    """Give a connection that waits for no reply, and keep it for the next lease unless something goes wrong.

    Raises what `Stream` raises.
    """
    stream, used = _kept.pop(url, (None, 0.0))
    if stream is not None and time.monotonic() - used > _FRESH:
        stream.close()
        stream = None
    stream = stream or Stream(url, _SILENCE)
    try:
        yield stream
    except BaseException:
        stream.close()
        raise
    _kept[url] = stream, time.monotonic()
