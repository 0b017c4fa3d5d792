"""Redis behind TLS."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.mnist import PROJECT
from tests.support.program import job, metrics, start_worker
from tests.support.servers import TlsServer
from tests.support.waiting import PATIENCE, wait_until


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
    assert program.end() == 69
    assert "certificate" in program.text()
    assert program.text().count("\n") == 1
    worker = gradmq("worker", "--redis", tls.insecure_url)
    worker.wait_for("certificate", times=2)  # so it has tried again
    with tls.server.client() as client:
        assert not [other for other in client.client_list() if "rediss" in other["name"]]
        assert len(client.client_list()) == 1


def celerys_worker(log: Path, url: str) -> subprocess.Popen[bytes]:
    """A worker as Celery's users start it, who name the broker there."""
    command = [sys.executable, "-m", "celery", "-A", "worker", "-b", url, "worker", "-l", "INFO"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GRADMQ_")}
    with log.open("wb") as output:
        return subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=PROJECT)


@pytest.mark.parametrize("vouched", [True, False])
def test_a_broker_named_on_celerys_command_line_is_checked_as_well(tls, tmp_path, vouched):
    log = tmp_path / "celery.log"
    worker = celerys_worker(log, tls.url if vouched else tls.insecure_url)
    try:
        wait_until(
            lambda: (" ready." if vouched else "certificate") in log.read_text(), "the worker's word", log.read_text
        )
    finally:
        worker.terminate()
        worker.wait(PATIENCE)
    assert ("Connected to rediss" in log.read_text()) is vouched
    assert "insecure" not in log.read_text()
    assert tls.password not in log.read_text()


def test_tls_gives_up_nothing_when_redis_restarts(gradmq, small_data, tls, fingerprints):
    start_worker(gradmq, tls, "far")
    program = gradmq(*job(small_data, 30, redis=tls.url))
    program.wait_for("Epoch 2:")
    tls.server.kill()
    program.wait_for("Redis is away")
    tls.server.start()
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(30)
