"""A proxy before Redis that can cut what passes through it, repeat it, and speak TLS for a server built without."""

import asyncio
import re
import ssl
import threading
from pathlib import Path

from tests.support.waiting import PATIENCE

_PUSH = re.compile(rb"RPUSH\r\n\$\d+\r\n(gradmq:\S+:replies)\r\n\$(\d+)\r\n")
_REPLY_KIND = 4


class Proxy:
    """Forwards a port of 127.0.0.1 to a unix socket, from a thread of its own."""

    def __init__(self, target: Path, context: ssl.SSLContext | None = None) -> None:
        self.cuts = 0  # connections that were cut while an answer passed
        self.seen: list[tuple[bytes, bytes]] = []  # the latest replies of workers, with the lists they were pushed to
        self._target, self._context = str(target), context
        self._writers: set[asyncio.StreamWriter] = set()
        self._cut_after: int | None = None
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)))
        self._thread.start()
        assert ready.wait(PATIENCE), "the proxy does not start"

    def cut_after(self, size: int) -> None:
        """Cut the next connection on which Redis answers more than that many bytes at once, after so many of them.

        With 0 the whole answer is lost, though Redis has done what it was told.
        """
        self._cut_after = size

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    async def _run(self, ready: threading.Event) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._context)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._end.wait()
        server.close()
        # Also those that still shake hands over TLS, which are in no list of ours.
        rounds = 0
        while rounds < 20 or (rounds < 1000 and len(self._loop._transports)):
            rounds += 1
            for transport in list(self._loop._transports.values()):
                if not transport.is_closing():
                    transport.abort()
            await asyncio.sleep(0.01)  # in which the loop closes their sockets

    def _abort(self, *writers: asyncio.StreamWriter) -> None:
        for writer in writers:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_unix_connection(self._target)
        except OSError:  # the server is away
            self._abort(writer)
            return
        both = {writer, inner_writer}
        self._writers |= both
        await asyncio.gather(self._commands(reader, inner_writer), self._answers(inner_reader, writer))
        self._abort(*both)
        self._writers -= both

    async def _commands(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(2**16):
                if push := _PUSH.search(data):
                    pushed = data[push.end() : push.end() + int(push[2])]
                    if len(pushed) == int(push[2]) and pushed[4] == _REPLY_KIND:
                        self.seen = [*self.seen[-4:], (push[1], pushed)]
                target.write(data)
                await target.drain()
        except OSError:
            pass
        target.close()

    async def _answers(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(2**16):
                if self._cut_after is not None and len(data) > self._cut_after:
                    target.write(data[: self._cut_after])
                    await target.drain()
                    self._cut_after = None
                    self.cuts += 1
                    break
                target.write(data)
                await target.drain()
        except OSError:
            pass
        target.close()
