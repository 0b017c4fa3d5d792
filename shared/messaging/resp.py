"""A lean Redis connection for the steps: pipelined commands, and tensors received where they are needed.

redis-py opens the connection (address, TLS, password); the hot path then speaks RESP2 on its socket itself,
because redis-py copies a reply of 100 kB several times before it hands it over.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from shared.errors import ConnectionLostError, RefusedError
from shared.messaging.client import open_socket
from shared.messaging.keys import LIFETIME
from shared.messaging.sockets import Item, Socket, TlsSocket

_LONGEST = 2**20  # bytes of an answer that is read as a whole; tensors are read into memory that is there for them
_MOST = 1000  # answers in an array
_DEEPEST = 4  # arrays in each other

PUSH_ANSWERS = 2  # of Redis to one push

Reply = bytes | int | list["Reply"] | None


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


def push(key: str, *values: bytes | tuple[Item, ...], lifetime: int = LIFETIME) -> list[Item]:
    """Return the commands that append these to a list, which like every key expires.  Redis gives PUSH_ANSWERS."""
    return [*encode("RPUSH", key, *values), *encode("EXPIRE", key, lifetime)]


class Stream:
    """One connection on which commands are pipelined and replies read in order.

    Raises ConnectionLostError when Redis is not there, goes away or answers what no Redis does, RefusedError when it
    refuses. After the first of the two the stream is of no use, nor after a refusal within several answers: the rest of
    them is unread.
    """

    def __init__(self, url: str, timeout: float) -> None:
        """Connect.  timeout: seconds of silence after which the connection counts as dead."""
        connected = open_socket(url, timeout)
        self._socket = (
            TlsSocket(connected, timeout) if isinstance(connected, ssl.SSLSocket) else Socket(connected, timeout)
        )
        self._buffer = bytearray(4096)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0  # of what is in the buffer and was not read

    def close(self) -> None:
        self._socket.close()

    def fileno(self) -> int:
        """Return the socket's descriptor, for select or poll."""
        return self._socket.fileno()

    @property
    def pending(self) -> bool:
        """Whether something has been received that was not read: the socket then need not become readable for it."""
        return self._start != self._end

    def send(self, buffers: Sequence[Item]) -> None:
        """Send encoded commands."""
        self._socket.send(buffers)

    def read(self, _depth: int = 0) -> Reply:
        """Read one reply of any type."""
        kind, rest = self._line()
        if kind == b":":
            return _number(rest)
        if kind == b"+":
            return rest
        if kind == b"$":
            return self._bulk(_size(rest, _LONGEST))
        if kind == b"*" and _depth < _DEEPEST:
            count = _size(rest, _MOST)
            return None if count is None else [self.read(_depth + 1) for _ in range(count)]
        if kind == b"-":
            raise _error(rest)
        raise _nonsense(kind + rest)

    def read_bulk(self) -> bytes | None:
        """Read one bulk reply, None for nil."""
        found = self.read()
        if isinstance(found, bytes) or found is None:
            return found
        raise _nonsense(repr(found).encode())

    def read_into(self, view: memoryview) -> int | None:
        """Read one bulk reply into `view` and return its length in bytes, None for nil.

        A reply longer than `view` is read and dropped; the length tells.
        """
        kind, rest = self._line()
        if kind == b"-":
            raise _error(rest)
        if kind != b"$":
            raise _nonsense(kind + rest)
        size = _size(rest)
        if size is None:
            return None
        if size > len(view):
            self._drop(size)
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
            raise _nonsense(kind + rest)
        return _size(rest, _MOST)

    def skip(self, count: int) -> None:
        """Read and drop that many replies, unless one is an error."""
        for _ in range(count):
            self.read()

    def _bulk(self, size: int | None) -> bytes | None:
        if size is None:
            return None
        data = bytearray(size)
        self._fill(memoryview(data))
        self._skip_newline()
        return bytes(data)

    def _line(self) -> tuple[bytes, bytes]:
        """Read a line: its first byte, which is the reply's type, and the rest."""
        while (newline := self._buffer.find(b"\r\n", self._start, self._end)) < 0:
            if self._end - self._start == len(self._buffer):
                raise _nonsense(bytes(self._view[self._start : self._end]))
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
            size += self._socket.receive(view[size:], self._view)
            if size > len(view):
                self._start, self._end = 0, size - len(view)

    def _drop(self, size: int) -> None:
        """Read so many bytes and forget them."""
        while size:
            if self._start == self._end:
                self._receive()
            dropped = min(size, self._end - self._start)
            self._start += dropped
            size -= dropped

    def _skip_newline(self) -> None:
        while self._end - self._start < 2:
            self._receive()
        if self._buffer[self._start : self._start + 2] != b"\r\n":
            raise _nonsense(bytes(self._view[self._start : self._end]))
        self._start += 2

    def _receive(self) -> None:
        """Receive more into the buffer."""
        if self._start:
            waiting = self._end - self._start
            self._buffer[:waiting] = self._buffer[self._start : self._end]
            self._start, self._end = 0, waiting
        self._end += self._socket.receive(self._view[self._end :])


def _number(text: bytes) -> int:
    if not (text.removeprefix(b"-").isdigit() and len(text) <= 20):
        raise _nonsense(text)
    return int(text)


def _size(text: bytes, most: int = 2**63) -> int | None:
    """Return how long an answer is, None for nil.  Raises ConnectionLostError for what is no length up to `most`."""
    size = _number(text)
    if not -1 <= size <= most:
        raise _nonsense(text)
    return None if size == -1 else size


def _nonsense(answer: bytes) -> ConnectionLostError:
    return ConnectionLostError(f"Redis answers what no Redis does: {answer[:40]!r}")


def _error(message: bytes) -> RefusedError:
    return RefusedError(message.decode(errors="replace"))
