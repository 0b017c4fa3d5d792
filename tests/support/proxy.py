"""A proxy before Redis that can damage what passes through it, lead elsewhere, and speak TLS for a server without."""

import asyncio
import gc
import re
import ssl
import threading
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.support.damage import Damage
from tests.support.waiting import PATIENCE

_PUSH = re.compile(rb"RPUSH\r\n\$\d+\r\n(gradmq:\S+:replies)\r\n\$(\d+)\r\n")
_REPLY_KIND = 4
_LOGIN = 6  # commands, at most, with which a connection begins: user and password, database, the client's name


class Proxy:
    """Forwards a port of 127.0.0.1 to a unix socket, from a thread of its own."""

    def __init__(self, target: Path, context: ssl.SSLContext | None = None) -> None:
        self.done: Counter[str] = Counter()  # damages, by their names
        self.seen: list[tuple[bytes, bytes]] = []  # the latest replies of workers, with the lists they were pushed to
        self._target, self._context = str(target), context
        self._writers: set[asyncio.StreamWriter] = set()
        self._damage: Damage | None = None
        self.damage_some()
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)))
        self._thread.start()
        assert ready.wait(PATIENCE), "the proxy does not start"

    def damage(self, damage: Damage) -> None:
        """Do this to the next bytes that it can be done to."""
        self._damage = damage

    def damage_some(self, draw: Callable[[], Damage | None] = lambda: None) -> None:
        """Ask this, for all that passes, what to do to it; what cannot be done to just that is not done."""
        self._draw = draw

    @property
    def damages(self) -> int:
        """How many have been done."""
        return self.done.total()

    def lead_to(self, target: Path) -> None:
        """Forward new connections to another socket; those that there are stay."""
        self._target = str(target)

    def disconnect(self) -> None:
        """Cut all connections."""
        self._loop.call_soon_threadsafe(lambda: self._abort(*self._writers))

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        # Who shook hands over TLS until the end may be left to the collector, which would warn of it in any test.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()

    async def _run(self, ready: threading.Event) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._context)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._end.wait()
        server.close()
        # Also those that still shake hands over TLS, which are in no list of ours, or are about to.
        rounds = 0
        while rounds < 20 or (rounds < 1000 and (self._open_transports() or len(asyncio.all_tasks()) > 1)):
            rounds += 1
            for transport in self._open_transports():
                transport.abort()
            await asyncio.sleep(0.01)  # in which the loop closes their sockets

    def _open_transports(self) -> list[asyncio.Transport]:
        """Return the ends that are open; the loop also knows those that nobody has collected yet."""
        return [transport for transport in self._loop._transports.values() if not transport.is_closing()]

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
        await asyncio.gather(self._forward(reader, inner_writer, True), self._forward(inner_reader, writer, False))
        self._abort(*both)
        self._writers -= both

    async def _forward(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, are_commands: bool) -> None:
        passed = 0
        try:
            while data := await source.read(2**16):
                if are_commands:
                    self._notice(data)
                passed += 1
                damage, changed = self._due(data, are_commands, passed)
                if damage:
                    await asyncio.sleep(damage.delay)
                    data = changed
                    self.done[damage.name] += 1  # before anybody can have it
                target.write(data)
                await target.drain()
                if damage and damage.cuts:
                    break
        except OSError:
            pass
        target.close()

    def _due(self, data: bytes, are_commands: bool, passed: int) -> tuple[Damage | None, bytes]:
        """Return the damage that is due to these bytes, if there is one that changes them, and what becomes of them."""
        damage = self._damage or self._draw()
        if damage is None or damage.of_commands != are_commands or len(data) < damage.least:
            return None, data
        if passed <= _LOGIN and not damage.also_logins:
            return None, data
        changed = damage.change(data)
        if changed == data and not (damage.delay or damage.cuts):
            return None, data
        self._damage = None
        return damage, changed

    def _notice(self, commands: bytes) -> None:
        """Remember the reply of a worker that is in there, if there is one."""
        if push := _PUSH.search(commands):
            pushed = commands[push.end() : push.end() + int(push[2])]
            if len(pushed) == int(push[2]) and pushed[4] == _REPLY_KIND:
                self.seen = [*self.seen[-4:], (push[1], pushed)]
