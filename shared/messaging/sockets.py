"""Bytes in and out of a socket, with few system calls and without falling asleep between them."""

import os
import select
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from shared.errors import ConnectionLostError

Item = bytes | memoryview

# Seconds that a reader stays awake before it sleeps. Within a step the wait is shorter, and a process that slept
# finds its core halted and its caches cold: the same gradient then takes three times as long.
_AWAKE = 0.001
_give_way = getattr(os, "sched_yield", lambda: None)

_MOST_BUFFERS = 64  # for one system call; every system takes as many


_on_wait: Callable[[bool], None] | None = None


def observe_waits(observer: Callable[[bool], None] | None) -> None:
    """Have every wait of this process told, for a measurement by any clock; None ends that.

    observer: is called with True when a wait begins and with False when the socket is ready.
    """
    global _on_wait
    _on_wait = observer


class Socket:
    """A connected stream socket.  Raises ConnectionLostError when the other side goes away or stays silent."""

    def __init__(self, connected: socket.socket, timeout: float) -> None:
        """timeout: seconds of silence after which the connection counts as dead."""
        connected.setblocking(False)
        self._socket = connected
        self._timeout = timeout * 1000
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(connected, select.POLLIN)
        self._writable.register(connected, select.POLLOUT)

    def close(self) -> None:
        with suppress(OSError):  # of a connection that is broken already
            self._socket.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, buffers: Sequence[Item]) -> None:
        """Send all of the buffers, as many system calls as the socket needs."""
        left = list(buffers)
        while left:
            try:
                sent = self._socket.sendmsg(left[:_MOST_BUFFERS])
            except BlockingIOError:
                self._wait(self._writable)
                continue
            except OSError as error:
                raise ConnectionLostError(f"connection lost while sending: {error}") from error
            while left and sent >= len(left[0]):
                sent -= len(left.pop(0))
            if sent:
                left[0] = memoryview(left[0])[sent:]

    def receive(self, *views: memoryview) -> int:
        """Fill the views in turn with what there is, at least one byte; return how many."""
        while True:
            try:
                size = self._socket.recvmsg_into(views)[0]
            except BlockingIOError:
                self._wait(self._readable)
                continue
            except OSError as error:
                raise ConnectionLostError(f"connection lost while receiving: {error}") from error
            if not size:
                raise ConnectionLostError("Redis closed the connection")
            return size

    def _wait(self, ready: select.poll) -> None:
        """Wait, at first awake and giving the core to whoever else wants it, then asleep."""
        if _on_wait is not None:
            _on_wait(True)
        asleep = time.perf_counter() + _AWAKE
        while not ready.poll(0):
            if time.perf_counter() < asleep:
                _give_way()
            elif ready.poll(self._timeout):
                break
            else:
                raise ConnectionLostError(f"no answer from Redis in {self._timeout / 1000:g} s")
        if _on_wait is not None:
            _on_wait(False)


class TlsSocket(Socket):
    """The same over TLS, which takes one buffer at a time."""

    _socket: ssl.SSLSocket

    def send(self, buffers: Sequence[Item]) -> None:
        left = memoryview(b"".join(buffers))  # in as few records and packets as can be
        while left:
            left = left[self._retried(lambda left=left: self._socket.send(left)) :]  # type: ignore[misc]

    def receive(self, *views: memoryview) -> int:
        size = self._retried(lambda: self._socket.recv_into(views[0]))
        if not size:
            raise ConnectionLostError("Redis closed the connection")
        return size

    def _retried(self, operation: Callable[[], int]) -> int:
        """Do it when TLS is ready for it, which may have to read in order to write, and the other way round."""
        while True:
            try:
                return operation()
            except ssl.SSLWantReadError:
                self._wait(self._readable)
            except ssl.SSLWantWriteError:
                self._wait(self._writable)
            except OSError as error:
                raise ConnectionLostError(f"connection lost: {error}") from error
