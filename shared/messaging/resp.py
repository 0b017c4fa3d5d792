"""A lean Redis connection for the exchange: pipelined commands, and tensors received where they are needed.

redis-py opens the connection (address, password, TLS); the hot path then speaks RESP2 on its socket itself,
because redis-py copies a reply of 100 kB several times before it hands it over.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.messaging.sockets import Item, Socket, TlsSocket

Reply = bytes | int | list["Reply"] | None


def client(url: str, timeout: float | None = 10.0) -> redis.Redis:
    """Return an ordinary client for `url` that never repeats a command by itself.

    redis-py's silent retries would send a push twice.  timeout: seconds for a connection or an answer.
    """
    # A half-open connection shows on TCP alone; redis-py knows no such option for a unix socket.
    keepalive = {} if url.startswith("unix:") else {"socket_keepalive": True}
    return redis.Redis.from_url(
        url,
        protocol=2,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        **keepalive,
    )


def encode(*arguments: str | int | float | bytes | tuple[Item, ...]) -> list[Item]:
    """Return a command as the buffers to send.

    An argument may be a tuple of buffers, to be sent as one. A memoryview in it is neither copied nor read before
    it is sent, so the same command can be sent again with other content.
    """
    small = bytearray(b"*%d\r\n" % len(arguments))
    buffers: list[Item] = []
    for argument in arguments:
        if isinstance(argument, tuple):
            small += b"$%d\r\n" % sum(map(len, argument))
            for part in argument:
                if isinstance(part, memoryview):
                    buffers += (bytes(small), part)
                    small.clear()
                else:
                    small += part
            small += b"\r\n"
        else:
            data = argument if isinstance(argument, bytes) else str(argument).encode()
            small += b"$%d\r\n%b\r\n" % (len(data), data)
    buffers.append(bytes(small))
    return buffers


class Stream:
    """One connection on which commands are pipelined and replies read in order.

    Raises redis.ConnectionError when Redis is not there or goes away, redis.ResponseError when it refuses.
    """

    def __init__(self, url: str, timeout: float) -> None:
        """Connect.  timeout: seconds of silence after which the connection counts as dead."""
        pool = client(url, timeout).connection_pool
        self._connection = connection = cast(Any, pool.make_connection())
        try:
            connection.connect()
        except (redis.TimeoutError, OSError) as error:
            raise redis.ConnectionError(f"no connection to Redis: {error}") from error
        # Private, but the only way to the socket that redis-py has opened and authenticated.
        connected: socket.socket = connection._sock
        self._wire = (
            TlsSocket(connected, timeout) if isinstance(connected, ssl.SSLSocket) else Socket(connected, timeout)
        )
        self._buffer = bytearray(4096)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0

    def close(self) -> None:
        self._connection.disconnect()

    def send(self, buffers: Sequence[Item]) -> None:
        """Send encoded commands."""
        self._wire.send(buffers)

    def read(self) -> Reply:
        """Read one reply of any type."""
        kind, rest = self._line()
        if kind == b":":
            return int(rest)
        if kind == b"+":
            return rest
        if kind == b"$":
            return self._bulk(int(rest))
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        raise _error(rest)

    def read_into(self, view: memoryview) -> int | None:
        """Read one bulk reply into `view` and return its length in bytes, None for nil.

        A reply longer than `view` is read and dropped; the length tells.
        """
        kind, rest = self._line()
        if kind == b"-":
            raise _error(rest)
        if kind != b"$":
            raise redis.InvalidResponse(f"expected a bulk reply, got {kind!r}{rest!r}")
        size = int(rest)
        if size < 0:
            return None
        if size > len(view):
            self._bulk(size)
        else:
            self._fill(view[:size])
            self._skip_newline()
        return size

    def read_array(self) -> int | None:
        """Read the head of an array reply: how many replies follow, None for nil."""
        kind, rest = self._line()
        if kind == b"-":
            raise _error(rest)
        if kind != b"*":
            raise redis.InvalidResponse(f"expected an array, got {kind!r}{rest!r}")
        return None if rest == b"-1" else int(rest)

    def skip(self, count: int) -> None:
        """Read and drop that many replies, unless one is an error."""
        for _ in range(count):
            self.read()

    def _bulk(self, size: int) -> bytes | None:
        if size < 0:
            return None
        data = bytearray(size)
        self._fill(memoryview(data))
        self._skip_newline()
        return bytes(data)

    def _line(self) -> tuple[bytes, bytes]:
        """Read a line: its first byte, which is the reply's type, and the rest."""
        while (newline := self._buffer.find(b"\r\n", self._start, self._end)) < 0:
            if self._end - self._start == len(self._buffer):
                raise redis.InvalidResponse("a line of a reply is too long")
            self._receive()
        start, self._start = self._start, newline + 2
        return bytes(self._view[start : start + 1]), bytes(self._view[start + 1 : newline])

    def _fill(self, view: memoryview) -> None:
        """Fill `view`: first with what the buffer holds, then straight from the socket."""
        size = min(len(view), self._end - self._start)
        view[:size] = self._view[self._start : self._start + size]
        self._start += size
        while size < len(view):
            # What follows in the same call belongs into the buffer, which is empty now.
            size += self._wire.receive(view[size:], self._view)
            if size > len(view):
                self._start, self._end = 0, size - len(view)

    def _skip_newline(self) -> None:
        while self._end - self._start < 2:
            self._receive()
        self._start += 2

    def _receive(self) -> None:
        """Receive more into the buffer."""
        if self._start:
            waiting = self._end - self._start
            self._buffer[:waiting] = self._buffer[self._start : self._end]
            self._start, self._end = 0, waiting
        self._end += self._wire.receive(self._view[self._end :])


def _error(message: bytes) -> redis.ResponseError:
    return redis.ResponseError(message.decode(errors="replace"))
