"""A lean Redis connection for the steps: pipelined commands, and tensors received where they are needed.

redis-py opens the connection (address, TLS, password); the hot path then speaks RESP2 on its socket itself,
because redis-py copies a reply of 100 kB several times before it hands it over.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from shared.errors import RefusedError
from shared.messaging.client import open_socket
from shared.messaging.sockets import Item, Socket, TlsSocket

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


class Stream:
    """One connection on which commands are pipelined and replies read in order.

    Raises ConnectionLostError when Redis is not there or goes away, RefusedError when it refuses.
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
            raise RefusedError(f"expected a bulk reply, got {kind!r}{rest!r}")
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
            raise RefusedError(f"expected an array, got {kind!r}{rest!r}")
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
                raise RefusedError("a line of a reply is too long")
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
        self._end += self._socket.receive(self._view[self._end :])


def _error(message: bytes) -> RefusedError:
    return RefusedError(message.decode(errors="replace"))
