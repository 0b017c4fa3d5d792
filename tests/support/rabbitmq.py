"""A RabbitMQ of the tests' own, where the machine has one."""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
from kombu import Connection

from tests.support.servers import free_port
from tests.support.waiting import wait_until

PLACES = "/usr/lib/rabbitmq/bin:/usr/local/sbin:/opt/homebrew/sbin:/opt/rabbitmq/sbin"
SERVER = shutil.which("rabbitmq-server", path=f"{PLACES}:{os.environ['PATH']}")


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
        wait_until(self._answers, "an answer of RabbitMQ", self._output)

    def kill(self) -> None:
        for process in [*psutil.Process(self._server.pid).children(recursive=True), self._server]:
            process.kill()
        self._server.wait()

    def close(self) -> None:
        self.kill()
        self._names.kill()
        self._names.wait()

    def _answers(self) -> bool:
        assert self._server.poll() is None, self._output()
        with suppress(OSError), Connection(self.url, connect_timeout=1) as connection:
            connection.connect()
            return True
        return False

    def _output(self) -> str:
        return (self._folder / "output").read_text()
