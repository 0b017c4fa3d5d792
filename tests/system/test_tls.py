"""Redis behind TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.program import job, metrics, start_worker
from tests.support.servers import TlsServer


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


def test_tls_gives_up_nothing_when_redis_restarts(gradmq, small_data, tls, fingerprints):
    start_worker(gradmq, tls, "far")
    program = gradmq(*job(small_data, 30, redis=tls.url))
    program.wait_for("Epoch 2:")
    tls.server.kill()
    program.wait_for("Redis is away")
    tls.server.start()
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(30)
