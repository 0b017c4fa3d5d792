"""The connection on which steps are published and replies awaited, into memory that is there for them."""

from collections.abc import Sequence

from shared.messaging.resp import Stream, encode
from shared.messaging.sockets import Item
from shared.types import Array

_POLL = 0.1  # seconds that Redis lets us wait for a reply before we look around
_SILENCE = 10.0  # seconds without an answer after which the connection counts as dead


class ReplyStream:
    """A connection that is made when it is needed.  All methods raise ConnectionLostError and RefusedError."""

    def __init__(self, url: str, replies: str) -> None:
        """replies: the key of their list."""
        self._url = url
        self._pop = encode("BLPOP", replies, _POLL)
        self._stream: Stream | None = None
        self._awaited = 0  # answers about replies that Redis still owes us

    def connect(self) -> None:
        """See that there is a connection."""
        self._connected()

    def publish(self, commands: Sequence[Item], answers: int, replies: int) -> None:
        """Send commands, which Redis answers so often, and begin to wait for so many replies: one round trip."""
        stream = self._connected()
        stream.send([*commands, *self._pop * replies])
        self._awaited += replies
        stream.skip(answers)

    def read(self, buffer: Array, missing: int) -> int | None:
        """Read what a worker has pushed into the buffer; return its length in bytes, None if nothing has come.

        missing: as many replies will be waited for, if none is yet.
        """
        stream = self._connected()
        if not self._awaited:
            stream.send(self._pop * missing)
            self._awaited = missing
        size = None
        if stream.read_array() is not None:
            stream.read()  # the list's key
            size = stream.read_into(buffer.data)
        self._awaited -= 1
        return size

    def fetch(self, buffer: Array, *command: str) -> int | None:
        """Ask for one value, while no reply is awaited, and read it into the buffer.

        Return its length in bytes, None if there is none. One that is longer than the buffer is dropped piece by piece.
        """
        stream = self._connected()
        stream.send(encode(*command))
        return stream.read_into(buffer.data)

    def stop_waiting(self) -> None:
        """Wait for no reply any more: what Redis still owes us would be taken for answers to the next commands.

        At once, because whatever it sends us meanwhile is lost.
        """
        if self._awaited:
            self.disconnect()

    def disconnect(self) -> None:
        """Give the connection up."""
        if self._stream is not None:
            self._stream.close()
            self._stream, self._awaited = None, 0

    def _connected(self) -> Stream:
        if self._stream is None:
            self._stream = Stream(self._url, _SILENCE)
        return self._stream
