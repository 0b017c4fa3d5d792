"""RabbitMQ as Celery's broker: a real one, where the machine has it."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from kombu import Connection

from tests.conftest import EPOCHS, free_port, job, metrics, start_worker

PLACES = "/usr/lib/rabbitmq/bin:/usr/local/sbin:/opt/homebrew/sbin:/opt/rabbitmq/sbin"
SERVER = shutil.which("rabbitmq-server", path=f"{PLACES}:{os.environ['PATH']}")

pytestmark = pytest.mark.skipif(SERVER is None, reason="no rabbitmq-server on this machine")


class RabbitMq:
    """A RabbitMQ with everything of its own, and all of it on 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        ports = {"port": free_port(), "between_nodes": free_port(), "names": free_port()}
        self.url = f"amqp://guest:guest@127.0.0.1:{ports['port']}//"
        self._folder = folder
        self._environment = {
            **os.environ,
            "HOME": str(folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(ports["names"]),
            "RABBITMQ_NODENAME": f"test{ports['port']}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(ports["port"]),
            "RABBITMQ_DIST_PORT": str(ports["between_nodes"]),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "logs"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        # Erlang's directory of names is a daemon that nobody would end if the server started it.
        names = ["epmd", "-port", str(ports["names"]), "-address", "127.0.0.1"]
        self._names = subprocess.Popen(names, env=self._environment)
        self.start()

    def start(self) -> None:
        assert SERVER is not None
        with (self._folder / "output").open("ab") as output:
            self._server = subprocess.Popen([SERVER], env=self._environment, stdout=output, stderr=output)
        deadline = time.monotonic() + 60
        while True:
            try:
                with Connection(self.url, connect_timeout=1) as connection:
                    connection.connect()
                return
            except OSError:
                assert self._server.poll() is None, (self._folder / "output").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.1)

    def kill(self) -> None:
        for process in [*psutil.Process(self._server.pid).children(recursive=True), self._server]:
            process.kill()
        self._server.wait()

    def close(self) -> None:
        self.kill()
        self._names.kill()
        self._names.wait()


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMq]:
    server = RabbitMq(tmp_path_factory.mktemp("rabbitmq"))
    yield server
    server.close()


def test_a_run_over_rabbitmq_gives_the_same_bits(gradmq, small_data, server, rabbitmq, long_fingerprint):
    workers = [start_worker(gradmq, server, name, GRADMQ_BROKER_URL=rabbitmq.url) for name in ("one", "two")]
    program = gradmq(*job(small_data, EPOCHS, redis=server.url, broker=rabbitmq.url))
    program.wait_for("Epoch 2:")
    for process in workers[0].descendants():
        process.kill()
    workers[0].process.kill()
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint
    assert metrics(program)[-1]["workers"] == 1
    with server.client() as client:  # Celery is elsewhere, indeed
        assert not client.exists("gradmq:leases")


def test_a_rabbitmq_that_dies_in_mid_run_is_waited_for(gradmq, small_data, server, rabbitmq, long_fingerprint):
    worker = start_worker(gradmq, server, "one", GRADMQ_BROKER_URL=rabbitmq.url)
    program = gradmq(*job(small_data, EPOCHS, redis=server.url, broker=rabbitmq.url))
    program.wait_for("Epoch 2:")
    rabbitmq.kill()
    program.wait_for("broker is away")
    rabbitmq.start()
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint
    assert worker.process.poll() is None
