"""The cluster of docker-compose.yml on a real Docker engine, as its users drive it."""

import json
import os
import re
import secrets
import subprocess
import urllib.error
import urllib.request
from base64 import b64encode
from typing import Any

from tests.support.command import run as command_run
from tests.support.mnist import PROJECT
from tests.support.servers import free_port
from tests.support.waiting import PATIENCE, wait_until

EPOCHS = 10
_LONGEST = 4 * PATIENCE  # seconds of a run that takes a minute or two where nobody else works


def run(*command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command where docker-compose.yml is; by default it has to succeed."""
    done = command_run(*command, cwd=PROJECT, env={**os.environ, **environment})
    assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


class Cluster:
    """One Compose project of its own, with passwords of its own."""

    redis_password, worker_password, flower_password = (secrets.token_hex(12) for _ in range(3))

    def __init__(self) -> None:
        self.name = f"gradmq-test-{secrets.token_hex(4)}"
        self.flower = f"127.0.0.1:{free_port()}"
        version2 = run("docker", "compose", "version", check=False).returncode == 0
        self._compose = ["docker", "compose"] if version2 else ["docker-compose"]
        self._environment = {
            "COMPOSE_PROJECT_NAME": self.name,
            "GRADMQ_IMAGE": self.name,
            "REDIS_PASSWORD": self.redis_password,
            "REDIS_WORKER_PASSWORD": self.worker_password,
            "REDIS_FLOWER_PASSWORD": secrets.token_hex(12),
            "FLOWER_PASSWORD": self.flower_password,
            "FLOWER_PORT": self.flower.split(":")[1],
        }
        if run("docker", "buildx", "version", check=False).returncode != 0:
            self._environment["DOCKER_BUILDKIT"] = "0"

        self.override("")

    def override(self, name: str, **environment: str) -> None:
        """From now on, use docker-compose.NAME.yml too."""
        files = ["docker-compose.yml", f"docker-compose.{name}.yml"] if name else ["docker-compose.yml"]
        self._files = [word for file in files for word in ("-f", file)]
        self._environment |= environment

    def __call__(self, *arguments: str, check: bool = True, **environment: str) -> str:
        """Run Compose; return what it printed, and its exit code if it may fail."""
        done = run(*self._compose, *self._files, *arguments, check=check, **self._environment, **environment)
        return done.stdout if check else f"{done.returncode} {done.stdout}{done.stderr}"

    def up(self, options: str, workers: int) -> None:
        self("up", "--detach", "--scale", f"worker={workers}", GRADMQ_OPTIONS=options)

    def scale(self, workers: int, options: str) -> None:
        # Only the workers are named, so that nothing else is started or changed.
        self("up", "--detach", "--no-recreate", "--scale", f"worker={workers}", "worker", GRADMQ_OPTIONS=options)

    def containers(self, service: str = "") -> list[str]:
        filters = [f"--filter=label=com.docker.compose.project={self.name}"]
        if service:
            filters.append(f"--filter=label=com.docker.compose.service={service}")
        return run("docker", "ps", "--all", "--quiet", *filters).stdout.split()

    def running(self, service: str) -> list[str]:
        return [container for container in self.containers(service) if self.inspect(container)["State"]["Running"]]

    def inspect(self, container: str) -> dict[str, Any]:
        (found,) = json.loads(run("docker", "inspect", container).stdout)
        return dict(found)

    def log(self, service: str) -> str:
        (container,) = self.containers(service)
        done = run("docker", "logs", container)
        return done.stdout + done.stderr

    def wait_for(self, text: str, service: str = "coordinator", times: int = 1) -> None:
        """Wait until a service has printed so many times what the expression finds."""
        wait_until(
            lambda: len(re.findall(text, self.log(service))) >= times,
            f"{text!r} in the output of {service}",
            lambda: self.log(service)[-3000:],
        )

    def wait_until_healthy(self, container: str) -> None:
        wait_until(lambda: self.inspect(container)["State"]["Health"]["Status"] == "healthy", f"health of {container}")

    def crash(self, service: str) -> None:
        """Kill a service's process from outside: after `docker kill`, which is somebody's wish, nothing restarts."""
        (container,) = self.running(service)
        kill = ["sh", self.name, "-c", f"kill -9 {self.inspect(container)['State']['Pid']}"]
        run("docker", "run", "--rm", "--pid", "host", "--user", "0", "--entrypoint", *kill)

    def end(self) -> int:
        """Wait until the coordinator ends; return its exit code."""
        (container,) = self.containers("coordinator")
        return int(command_run("docker", "wait", container, timeout=_LONGEST).stdout)

    def fetch(self, page: str, password: str | None = None, method: str = "GET") -> tuple[int, str]:
        """Ask Flower; return status and text."""
        headers = {}
        if password is not None:
            headers["Authorization"] = "Basic " + b64encode(f"gradmq:{password}".encode()).decode()
        try:
            with urllib.request.urlopen(
                urllib.request.Request(f"http://{self.flower}/{page}", headers=headers, method=method)
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""


def last_fingerprint(log: str) -> str:
    (found,) = re.findall(r"last weights_sha256 (\w{64})", log)
    return str(found)
