"""The cluster of docker-compose.yml on a real Docker engine, as its users drive it."""

import json
import os
import re
import secrets
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.conftest import free_port

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

PROJECT = Path(__file__).parents[2]
EPOCHS = 10


def run(
    *command: str, check: bool = True, seconds: float = 280, **environment: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, cwd=PROJECT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=seconds
    )
    assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


class Cluster:
    """One Compose project of its own, with passwords of its own."""

    redis_password, flower_password = secrets.token_hex(12), secrets.token_hex(12)

    def __init__(self) -> None:
        self.name = f"gradmq-test-{secrets.token_hex(4)}"
        self.flower = f"127.0.0.1:{free_port()}"
        version2 = run("docker", "compose", "version", check=False).returncode == 0
        self._compose = ["docker", "compose"] if version2 else ["docker-compose"]
        self._environment = {
            "COMPOSE_PROJECT_NAME": self.name,
            "GRADMQ_IMAGE": self.name,
            "REDIS_PASSWORD": self.redis_password,
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

    def wait_for(self, text: str, service: str = "coordinator", seconds: float = 90, times: int = 1) -> None:
        deadline = time.monotonic() + seconds
        while len(re.findall(text, self.log(service))) < times:
            assert time.monotonic() < deadline, f"no {text!r} in {seconds} s:\n{self.log(service)[-3000:]}"
            time.sleep(0.1)

    def end(self) -> int:
        """Wait until the coordinator ends; return its exit code."""
        (container,) = self.containers("coordinator")
        return int(run("docker", "wait", container).stdout)

    def fetch(self, page: str, password: str | None = None, method: str = "GET") -> tuple[int, str]:
        """PendingStep Flower; return status and text."""
        headers = {}
        if password is not None:
            headers["Authorization"] = "Basic " + b64encode(f"gradmq:{password}".encode()).decode()
        try:
            with urllib.request.urlopen(
                urllib.request.Request(f"http://{self.flower}/{page}", headers=headers, method=method), timeout=20
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""


@pytest.fixture(scope="module")
def built() -> Iterator[Cluster]:
    assert shutil.which("docker"), "these tests need a Docker engine"
    cluster = Cluster()
    cluster("build")
    yield cluster
    run("docker", "image", "rm", cluster.name)


@pytest.fixture
def cluster(built: Cluster) -> Iterator[Cluster]:
    """The cluster, down; afterwards nothing of it may be left."""
    yield built
    built("down", "--volumes", "--timeout", "5")
    built.override("")
    label = f"--filter=label=com.docker.compose.project={built.name}"
    assert not built.containers()
    for kind in ("volume", "network"):
        assert run("docker", kind, "ls", "--quiet", label).stdout == ""


@pytest.fixture(scope="module")
def fingerprint(built: Cluster) -> str:
    """What EPOCHS epochs give in one process of the same image."""
    done = run("docker", "run", "--rm", built.name, "train", "--workers", "0", "--epochs", str(EPOCHS))
    return last_fingerprint(done.stdout)


@pytest.fixture(scope="module")
def short_fingerprint(built: Cluster) -> str:
    done = run("docker", "run", "--rm", built.name, "train", "--workers", "0", "--epochs", "1")
    return last_fingerprint(done.stdout)


def last_fingerprint(log: str) -> str:
    (found,) = re.findall(r"last weights_sha256 (\w{64})", log)
    return str(found)


def test_the_configuration_is_clean(built):
    for override in ("", "tls", "rabbitmq"):
        built.override(override)
        assert built("config", "--quiet", check=False) == "0 "
    built.override("")
    for file in PROJECT.glob("docker-compose*.yml"):
        assert "\nversion:" not in file.read_text()


def test_a_run_is_scaled_up_and_down_and_loses_workers_and_redis_and_ends_with_the_same_bits(cluster, fingerprint):
    options = f"--epochs {EPOCHS}"
    cluster.up(options, workers=1)
    cluster.wait_for("1 worker now")
    cluster.wait_for("Epoch 0: accuracy is 8")

    cluster.scale(4, options)
    cluster.wait_for("4 workers now")
    killed = cluster.running("worker")[0]
    name = f"worker@{killed[:12]}"
    run("docker", "kill", killed)
    cluster.wait_for(f"worker={name}:1 (does not answer|is no longer heard of)")

    (redis,) = cluster.running("redis")
    run("docker", "restart", "--time", "2", redis)
    cluster.wait_for("Redis is away|Redis has lost")
    cluster.wait_for("all is there again; going on")

    cluster.scale(2, options)
    assert len(cluster.running("worker")) == 2
    assert cluster.running("coordinator"), "the run was over before all of this had happened"
    assert cluster.end() == 0
    log = cluster.log("coordinator")
    assert [int(epoch) for epoch in re.findall(r"Epoch (\d+): accuracy is \d+/10000", log)] == list(range(EPOCHS))
    assert last_fingerprint(log) == fingerprint
    for service in ("coordinator", "flower"):
        assert cluster.redis_password not in cluster.log(service)


def test_flower_shows_the_run_behind_its_password_and_controls_the_workers(cluster):
    cluster.up("--epochs 100", workers=2)
    cluster.wait_for("2 workers now")
    cluster.wait_for("Epoch 0")
    for page in ("workers", "tasks", "broker", "api/workers", "api/tasks", "api/queues/length"):
        assert cluster.fetch(page)[0] == 401
        assert cluster.fetch(page, "a guess")[0] == 401
        assert cluster.fetch(page, cluster.flower_password)[0] == 200

    workers = json.loads(cluster.fetch("api/workers?refresh=1", cluster.flower_password)[1])
    assert {name.split("@")[0] for name in workers} == {"worker"}
    assert len(workers) == 2
    status = json.loads(cluster.fetch("api/workers?status=1", cluster.flower_password)[1])
    assert set(status.values()) == {True}  # while they compute

    tasks = json.loads(cluster.fetch("api/tasks?limit=1000", cluster.flower_password)[1])
    done = [task for task in tasks.values() if task["state"] == "SUCCESS"]
    assert done
    for task in done:
        assert re.fullmatch(r"epoch \d+, mini-batches \d+–\d+, lease [12]/2", task["name"])
        assert all(word in task["result"] for word in ("steps", "samples", "seconds_computing", "seconds_waiting"))
    assert cluster.redis_password not in json.dumps(tasks) + json.dumps(workers)

    # The broker's page counts the queue, and a worker can be asked and told from there.
    assert '"leases"' in cluster.fetch("api/queues/length", cluster.flower_password)[1]
    pong = cluster("exec", "-T", "flower", "celery", "-A", "worker", "inspect", "ping")
    assert pong.count("pong") == 2
    stopped = next(iter(workers))
    assert cluster.fetch(f"api/worker/shutdown/{stopped}", cluster.flower_password, "POST")[0] == 200
    cluster.wait_for(f"worker={stopped}:1 leaves")
    cluster.wait_for("2 workers now", times=2)  # Docker starts it again


def test_nothing_has_more_rights_than_it_needs(cluster):
    cluster.up("--epochs 100", workers=1)
    cluster.wait_for("1 worker now")
    published = []
    for container in cluster.containers():
        found = cluster.inspect(container)
        assert found["Config"]["User"] == "10001:10001"
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
        assert host["Memory"] > 0
        published += [binding for ports in (host["PortBindings"] or {}).values() for binding in ports]
        _, *processes = run("docker", "top", container, "-eo", "pid,uid").stdout.splitlines()
        assert {process.split()[1] for process in processes} == {"10001"}
        environment = dict(entry.split("=", 1) for entry in found["Config"]["Env"])
        command = " ".join([found["Path"], *found["Args"]])
        assert environment.get("REDIS_PASSWORD", cluster.redis_password) not in command
    assert published == [{"HostIp": "127.0.0.1", "HostPort": cluster.flower.split(":")[1]}]
    compilers = "command -v cc || command -v gcc || find /opt/gradmq -name 'pip*' | grep ."
    assert run("docker", "run", "--rm", "--entrypoint", "sh", cluster.name, "-c", compilers, check=False).stdout == ""


def test_stop_is_clean_and_quick_and_keeps_the_model(cluster):
    cluster.up("--epochs 100", workers=2)
    cluster.wait_for("Epoch 0: ")
    for container in cluster.containers("worker"):
        deadline = time.monotonic() + 60
        while cluster.inspect(container)["State"]["Health"]["Status"] != "healthy" and time.monotonic() < deadline:
            time.sleep(0.5)
        assert cluster.inspect(container)["State"]["Health"]["Status"] == "healthy"
    began = time.monotonic()
    cluster("stop")
    assert time.monotonic() - began < 15
    codes = {}
    for service in ("coordinator", "worker", "redis", "flower"):
        codes[service] = {cluster.inspect(container)["State"]["ExitCode"] for container in cluster.containers(service)}
    assert codes == {"coordinator": {143}, "worker": {0}, "redis": {0}, "flower": {0}}
    (path,) = re.findall(r"the model so far is ([^\s;]+)", cluster.log("coordinator"))
    found = cluster("run", "--rm", "--no-deps", "-T", "coordinator", "evaluate", path)
    assert re.fullmatch(r"accuracy is \d{4}/10000\n", found)


def test_a_stopped_run_resumes_to_the_same_bits(cluster, fingerprint):
    cluster.up(f"--epochs {EPOCHS}", workers=1)
    cluster.wait_for("Epoch 1: ")
    cluster("stop")
    (path,) = re.findall(r"go on with: gradmq resume (\S+)", cluster.log("coordinator"))
    cluster("up", "--detach", "--no-recreate", "--scale", "worker=2", "worker")
    resumed = cluster("run", "--rm", "-T", "coordinator", "resume", path)
    assert "going on at epoch" in resumed
    assert last_fingerprint(resumed) == fingerprint
    verified = cluster("run", "--rm", "--no-deps", "-T", "coordinator", "verify", path, "--epochs", "0..1")
    assert verified.count("identical\n") == 2


def test_any_other_command_runs_and_its_exit_code_is_right(cluster):
    cluster("up", "--detach", "redis", "worker")
    trained = cluster("run", "--rm", "-T", "coordinator", "train", "--epochs", "1", "--mini-batch-size", "100")
    assert "Epoch 0: accuracy is " in trained
    wrong = cluster("run", "--rm", "-T", "coordinator", "train", "--sizes", "784,30", check=False)
    assert wrong.startswith("2 ")
    assert "the last of --sizes 784,30 must be 10" in wrong


def test_a_worker_elsewhere_needs_the_image_and_an_address(cluster, short_fingerprint, tmp_path):
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "redis")
    (tmp_path / "server.key").write_bytes(certificate.private_key_pem.bytes())
    (tmp_path / "server.crt").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.crt"))
    for path in (tmp_path.parent.parent, tmp_path.parent, tmp_path):
        path.chmod(0o755)
    port = str(free_port())
    cluster.override("tls", TLS_FOLDER=str(tmp_path), TLS_PORT=port)
    cluster.up("--epochs 1", workers=0)
    cluster.wait_for("no worker is there")

    url = f"rediss://gradmq:{cluster.redis_password}@127.0.0.1:{port}/0?ssl_ca_certs=/ca.crt"
    volume = f"{tmp_path}/ca.crt:/ca.crt:ro"
    options = ["--rm", "--detach", "--network", "host", "--env", f"GRADMQ_REDIS_URL={url}", "--volume", volume]
    elsewhere = run("docker", "run", *options, cluster.name, "worker", "--name", "elsewhere@%h").stdout.strip()
    try:
        cluster.wait_for("worker=elsewhere@.* takes part")
        assert cluster.end() == 0
        assert last_fingerprint(cluster.log("coordinator")) == short_fingerprint
    finally:
        run("docker", "stop", elsewhere)


@pytest.fixture(scope="module")
def rabbitmq_image() -> Iterator[str]:
    """Debian's RabbitMQ as an image."""
    dockerfile = """
        FROM python:3.11-slim-bookworm
        RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends rabbitmq-server
        ENV HOME=/var/lib/rabbitmq
    """
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    command = ["docker", "build", "--quiet", "-"]
    built = subprocess.run(command, input=dockerfile, env=environment, capture_output=True, text=True, timeout=280)
    assert built.returncode == 0, built.stderr
    yield built.stdout.strip()
    run("docker", "image", "rm", "--force", built.stdout.strip())


def test_rabbitmq_can_carry_the_leases(cluster, short_fingerprint, rabbitmq_image):
    cluster.override("rabbitmq", RABBITMQ_IMAGE=rabbitmq_image, RABBITMQ_PASSWORD=secrets.token_hex(12))
    cluster.up("--epochs 1", workers=2)
    cluster.wait_for("2 workers now")
    assert cluster.end() == 0
    assert last_fingerprint(cluster.log("coordinator")) == short_fingerprint
    (rabbitmq,) = cluster.running("rabbitmq")
    assert run("docker", "exec", rabbitmq, "rabbitmqctl", "-q", "list_queues", "name").stdout.count("leases") == 1


def test_it_starts_without_any_secret_and_is_closed_all_the_same(built):
    config = run(*built._compose, "config", REDIS_PASSWORD="", FLOWER_PASSWORD="", COMPOSE_PROJECT_NAME="x").stdout
    assert "local-only" in config
    assert config.count("host_ip: 127.0.0.1") + config.count("- 127.0.0.1:") == 1
