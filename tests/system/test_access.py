"""Redis for workers elsewhere: a user that can do only what GradMQ needs, and TLS; Redis itself does both."""

import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import trustme
import yaml

from tests.conftest import EPOCHS, Server, free_port, job, metrics, start_worker
from tests.support.proxy import Proxy

PROJECT = Path(__file__).parents[2]
RULES = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]["redis"]["environment"]["REDIS_RULES"]


class Restricted:
    """The addresses of a server for the user of docker-compose.yml."""

    def __init__(self, server: Server) -> None:
        self.password = "another-secret"
        with server.client() as client:
            client.execute_command("ACL", "SETUSER", "gradmq", "on", f">{self.password}", *RULES.split())
        self.url = server.url.replace(f":{server.password}@", f"gradmq:{self.password}@")
        self.tcp_url = server.tcp_url.replace(f":{server.password}@", f"gradmq:{self.password}@")


def test_a_user_that_can_do_only_what_is_needed_trains_through_faults(gradmq, small_data, server, long_fingerprint):
    user = Restricted(server)
    first = start_worker(gradmq, user, "first", GRADMQ_DATA="nowhere")
    start_worker(gradmq, user, "second")
    program = gradmq(*job(small_data, EPOCHS, redis=user.tcp_url))
    program.wait_for("Epoch 2:")
    for process in first.descendants():
        process.kill()  # so that Celery has a task to restore
    first.process.kill()
    program.wait_for("Epoch 10:")
    pong = gradmq_celery(user.tcp_url, "inspect", "ping")
    assert "second@" in pong
    assert "pong" in pong
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint
    with server.client() as client:
        refused = {
            entry[b"object" if b"object" in entry else "object"] for entry in client.execute_command("ACL", "LOG")
        }
        # redis-py tells newer servers its version, and doesn't mind; the rules of Redis 7.0 have no word for that.
        assert refused <= {b"client|setinfo"}


@pytest.mark.parametrize(
    "command",
    [
        "FLUSHALL",
        "KEYS *",
        "CONFIG GET *",
        "ACL LIST",
        "SET stranger 1",
        "GET stranger",
        "EVAL 1 0",
        "SAVE",
        "SHUTDOWN",
    ],
)
def test_that_user_can_do_nothing_else(server, command):
    with redis.Redis.from_url(Restricted(server).url) as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command.split())


def test_the_readme_gives_that_rule():
    readme = (PROJECT / "README.md").read_text()
    for word in RULES.split():
        assert word in readme


def gradmq_celery(url: str, *arguments: str) -> str:
    """What Celery's own program prints with our app."""
    command = [sys.executable, "-m", "celery", "-A", "worker", *arguments]
    environment = {**os.environ, "GRADMQ_REDIS_URL": url}
    return subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=60).stdout


class TlsServer:
    """The same server behind TLS: its own, or where it was built without, a proxy before it."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        certificate = self._authority.issue_cert("127.0.0.1")
        (folder / "key").write_bytes(certificate.private_key_pem.bytes())
        (folder / "certificate").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
        self.ca = folder / "ca"
        self._authority.cert_pem.write_to_path(str(self.ca))
        self.port = free_port()
        self._tunnel: Proxy | None = None
        files = ["--tls-key-file", folder / "key", "--tls-cert-file", folder / "certificate"]
        try:
            self.server = Server(folder, free_port(), "--tls-port", self.port, "--tls-auth-clients", "no", *files)
        except AssertionError:
            self.server = Server(folder, free_port())
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            certificate.configure_cert(context)
            self._tunnel = Proxy(self.server.socket, context)
            self.port = self._tunnel.port
        self.password = self.server.password
        self.insecure_url = f"rediss://:{self.password}@127.0.0.1:{self.port}/0"
        self.url = f"{self.insecure_url}?ssl_ca_certs={self.ca}"

    def close(self) -> None:
        self.server.kill()
        if self._tunnel is not None:
            self._tunnel.close()


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[TlsServer]:
    folder = tmp_path / "tls"
    folder.mkdir()
    server = TlsServer(folder)
    yield server
    server.close()


def test_a_run_over_tls_gives_the_same_bits(gradmq, small_data, tls, fingerprints):
    worker = start_worker(gradmq, tls, "far", GRADMQ_DATA="nowhere")
    program = gradmq(*job(small_data, redis=tls.url))
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2)
    assert metrics(program)[-1]["workers"] == 1
    assert tls.password not in program.text() + worker.text()


def test_a_server_whose_certificate_nobody_vouches_for_is_refused(gradmq, small_data, tls):
    program = gradmq(*job(small_data, redis=tls.insecure_url))
    assert program.end(30) == 2
    assert "certificate" in program.text()
    assert program.text().count("\n") == 1
    worker = gradmq("worker", "--redis", tls.insecure_url)
    worker.wait_for("certificate")
    time.sleep(2)  # in which it tries, and must not get in
    with tls.server.client() as client:
        assert not [other for other in client.client_list() if "rediss" in other["name"]]
        assert len(client.client_list()) == 1


def test_tls_gives_up_nothing_when_redis_restarts(gradmq, small_data, tls, fingerprints):
    start_worker(gradmq, tls, "far")
    program = gradmq(*job(small_data, 30, redis=tls.url))
    program.wait_for("Epoch 2:")
    tls.server.kill()
    program.wait_for("Redis is away")
    tls.server.start()
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(30)
