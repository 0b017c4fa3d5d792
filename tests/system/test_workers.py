"""Workers as people start them, and what is seen of them."""

import base64
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.mnist import PROJECT
from tests.support.program import LONGER, job, metrics, start_worker
from tests.support.servers import free_port
from tests.support.waiting import PATIENCE


def test_a_coordinator_waits_for_workers_and_they_need_only_the_address(
    gradmq, small_data, server, fingerprints, tmp_path
):
    program = gradmq(*job(small_data, LONGER, redis=server.tcp_url))
    program.wait_for("no worker is there; waiting for one")
    # A worker has the whole MNIST at most, so these samples must come to it through Redis.
    worker = start_worker(gradmq, server, "newcomer", GRADMQ_DATA=str(tmp_path / "nowhere"))
    program.wait_for("all is there again; going on")
    program.wait_for("Epoch 2:")

    worker.process.terminate()
    assert worker.end() == 0, worker.text()
    program.wait_for("no worker is there; waiting for one", times=2)
    start_worker(gradmq, server, "second", GRADMQ_DATA=str(small_data))
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(LONGER)
    assert server.password not in program.text() + worker.text()


def test_celery_starts_a_worker_as_its_users_are_used_to(gradmq, small_data, server, tmp_path):
    command = [sys.executable, "-m", "celery", "-A", "worker", "worker", "--loglevel", "INFO"]
    environment = {**os.environ, "GRADMQ_REDIS_URL": server.url, "GRADMQ_DATA": str(small_data)}
    with (tmp_path / "log").open("wb") as log:
        worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=PROJECT)
    try:
        program = gradmq(*job(small_data, redis=server.url))
        assert program.end() == 0, program.text()
    finally:
        worker.terminate()
        worker.wait(PATIENCE)
    text = (tmp_path / "log").read_text()
    assert "concurrency: 1 (prefork)" in text
    assert "lease 1/2" in text
    assert "pickle" not in text


def test_flower_shows_the_embedded_cluster_to_who_was_told_the_password(gradmq, small_data):
    port = free_port()
    program = gradmq(*job(small_data, 10_000, workers=1, flower=port))
    program.wait_for("Epoch 0:")
    found = re.search(rf"Flower is on http://127.0.0.1:{port}: user (\w+), password (\w+)", program.text())
    assert found, program.text()
    login = {"Authorization": "Basic " + base64.b64encode(":".join(found.groups()).encode()).decode()}

    def page(headers: dict[str, str]) -> str | int:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/workers?json=1", headers=headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return ""

    program.wait_until(lambda: "worker1@" in str(page(login)), "the worker on Flower's page")
    assert "worker1@" in str(page({**login, "Host": f"localhost:{port}"}))
    assert page({}) == 401
    for name in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "[::1]", "localhost."):
        assert page({**login, "Host": name}) == 403, name
    assert found[2] not in " ".join(" ".join(each.cmdline()) for each in program.descendants())
    os.killpg(program.process.pid, signal.SIGINT)
    assert program.end() == 130


def test_files_in_the_users_folder_are_not_taken_for_ours(gradmq, small_data, tmp_path):
    (tmp_path / "program0").mkdir()
    for name in ("worker", "shared", "celery"):
        (tmp_path / "program0" / f"{name}.py").write_text("raise SystemExit('a stranger')")
    program = gradmq(*job(small_data, workers=1))
    assert program.end() == 0, program.text()


def test_workers_of_a_dead_coordinator_are_there_for_the_next_at_once(gradmq, small_data, server):
    start_worker(gradmq, server, "only")
    program = gradmq(*job(small_data, 10_000, redis=server.url))
    program.wait_for("Epoch 5:")
    program.process.kill()
    assert program.end() == -signal.SIGKILL
    with server.client() as client:
        (weights,) = client.keys("gradmq:*:weights")
        assert client.persist(weights)  # else the worker would find out by itself, ten seconds later
    resumed = gradmq("resume", program.run_folder, "--redis", server.url)
    resumed.wait_for("takes part")
    resumed.process.send_signal(signal.SIGINT)
    assert resumed.end() == 130


FOREIGN_WORKER = """
import sys
import shared.messaging.records
shared.messaging.records.VERSION = 99
from celery.__main__ import main
sys.argv = ["celery", *sys.argv[1:]]
main()
"""


@pytest.fixture
def foreign_worker(server, tmp_path) -> Iterator[Path]:
    """A worker that speaks another version; its log."""
    command = [sys.executable, "-c", FOREIGN_WORKER, "-A", "worker", "worker", "-n", "foreign@%h", "--loglevel", "INFO"]
    log = tmp_path / "log"
    environment = {**os.environ, "GRADMQ_REDIS_URL": server.url}
    with log.open("wb") as file:
        worker = subprocess.Popen(command, env=environment, stdout=file, stderr=file, cwd=PROJECT)
    yield log
    worker.terminate()
    worker.wait(PATIENCE)


def test_a_worker_of_another_version_is_refused_with_a_clear_line_on_both_sides(
    gradmq, small_data, server, fingerprints, foreign_worker
):
    program = gradmq(*job(small_data, redis=server.url))
    program.wait_for("it speaks version 99 of GradMQ's messages, this coordinator")
    assert re.search(r"worker=foreign@\S+ it speaks version 99", program.text())
    assert "install the same GradMQ on both sides" in foreign_worker.read_text()
    start_worker(gradmq, server, "ours")
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2)
