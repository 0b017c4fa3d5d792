"""Redis has a user for coordinators, one for workers, and one for Flower: each can do what it needs, and no more."""

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis
import yaml

from tests.support.command import run
from tests.support.mnist import PROJECT
from tests.support.program import EPOCHS, job, metrics, start_worker
from tests.support.servers import Server, free_port
from tests.support.waiting import PATIENCE, wait_until

_SETTINGS = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]["redis"]["environment"]
RULES = {
    "gradmq": _SETTINGS["REDIS_RULES"],
    "worker": _SETTINGS["REDIS_WORKER_RULES"],
    "flower": _SETTINGS["REDIS_FLOWER_RULES"],
}


class User:
    """The addresses of a server for one of the users of docker-compose.yml."""

    def __init__(self, server: Server, name: str) -> None:
        password = f"the-secret-of-{name}"
        with server.client() as client:
            # A selector, which is in parentheses, is one argument.
            words = re.findall(r"\([^)]*\)|\S+", RULES[name])
            client.execute_command("ACL", "SETUSER", name, "on", f">{password}", *words)
        self.url = server.url.replace(f":{server.password}@", f"{name}:{password}@")
        self.tcp_url = server.tcp_url.replace(f":{server.password}@", f"{name}:{password}@")


def refused(server: Server) -> set[str]:
    """What users of a server tried and may not do."""
    with server.client() as client:
        log = [
            {_text(key): _text(value) for key, value in entry.items()} for entry in client.execute_command("ACL", "LOG")
        ]
    # redis-py tells newer servers its version, and doesn't mind; the rules of Redis 7.0 have no word for that.
    return {
        f"{entry['username']}: {entry['reason']} {entry['object']}"
        for entry in log
        if entry["object"] != "client|setinfo"
    }


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def test_a_user_that_can_do_only_what_is_needed_trains_through_faults(
    gradmq, small_data, server, long_fingerprint, tmp_path
):
    user = User(server, "gradmq")
    secret = tmp_path / "redis-url"
    secret.write_text(user.tcp_url + "\n")
    first = start_worker(gradmq, user, "first", GRADMQ_DATA="nowhere")
    gradmq("worker", "--name", "second@%h", GRADMQ_REDIS_URL_FILE=str(secret))
    health = tmp_path / "healthy"
    program = gradmq(*job(small_data, EPOCHS), GRADMQ_REDIS_URL_FILE=str(secret), GRADMQ_HEALTH_FILE=str(health))
    program.wait_for("Epoch 2:")
    for process in first.descendants():
        process.kill()  # so that Celery has a task to restore
    first.process.kill()
    program.wait_for("Epoch 10:")
    second = f"second@{socket.gethostname()}"
    assert health.exists()
    pong = gradmq_celery(user.tcp_url, "inspect", "ping", "--destination", second, "--timeout", str(PATIENCE))
    assert "second@" in pong
    assert "pong" in pong
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint
    assert not refused(server)


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
    with redis.Redis.from_url(User(server, "gradmq").url) as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command.split())


def test_workers_need_no_more_than_their_rule(gradmq, small_data, server, long_fingerprint):
    user, own = User(server, "worker"), User(server, "gradmq")
    first, second = (start_worker(gradmq, user, name, GRADMQ_DATA="nowhere") for name in ("first", "second"))
    program = gradmq(*job(small_data, EPOCHS, redis=own.url))
    program.wait_for("Epoch 2:")
    first.process.terminate()  # Celery gives its task back
    program.wait_for("Epoch 10:")
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint
    second.process.terminate()
    assert second.end() == 0, second.text()
    assert not refused(server)


@pytest.mark.parametrize(
    "command",
    [
        *("SET gradmq:r:1:weights 1", "SETBIT gradmq:r:1:weights 9 1", "DEL gradmq:r:1:weights"),
        *("LRANGE gradmq:r:1:replies 0 -1", "BLPOP gradmq:r:1:replies 1", "LPOP gradmq:r:1:replies"),
        *("SET gradmq:samples:a 1", "SET gradmq:models:a 1", "SET gradmq:predictions:a:model 1"),
        *("SET gradmq:r:incarnation 1", "SET gradmq:sweeps:a:wanted:b 1", "HGET gradmq:sweeps:a:weights:b c"),
        *("FLUSHALL", "KEYS *", "CONFIG GET *", "ACL LIST", "GET stranger", "EVAL 1 0", "SHUTDOWN"),
    ],
)
def test_a_worker_can_do_nothing_else(server, command):
    with redis.Redis.from_url(User(server, "worker").url) as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command.split())


def test_flower_sees_the_run_and_tells_workers_and_can_do_nothing_else(gradmq, small_data, server, tmp_path):
    worker, own, flower = (User(server, name) for name in ("worker", "gradmq", "flower"))
    start_worker(gradmq, worker, "only", GRADMQ_DATA="nowhere")
    program = gradmq(*job(small_data, 10_000, redis=own.url))
    program.wait_for("Epoch 0:")
    name = f"only@{socket.gethostname()}"
    with flower_of(flower, tmp_path) as ask:
        # What it asks the workers takes no part in a page's answer: that shows what it heard until then.
        wait_until(lambda: name in ask("api/workers?refresh=1"), "the worker among Flower's")
        wait_until(lambda: "SUCCESS" in ask("api/tasks"), "a lease that was done, in Flower's list")
        assert '"leases"' in ask("api/queues/length")
        assert json.loads(ask("api/workers?status=1")) == {name: True}
        assert "pong" in gradmq_celery(
            flower.tcp_url, "inspect", "ping", "--destination", name, "--timeout", str(PATIENCE)
        )
        ask(f"api/worker/shutdown/{name}", "POST")
        # Without a lease it has nobody to tell that it leaves.
        gone = rf"worker={name}:\w+ (leaves|is no longer heard of)"
        program.wait_until(lambda: re.search(gone, program.text()) is not None, "the worker's end")
    assert not refused(server)
    with redis.Redis.from_url(flower.url) as client:
        for command in (
            "GET gradmq:r:1:weights",
            "RPUSH gradmq:r:1:replies 1",
            "BLPOP gradmq:r:requests:a 1",
            "FLUSHALL",
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*command.split())


@contextmanager
def flower_of(user: User, folder: Path) -> Iterator[Callable[..., str]]:
    """Flower as docker-compose.yml starts it; gives a function that asks it for a page."""
    port = free_port()
    command = [sys.executable, "-m", "celery", "-A", "worker", "flower", f"--port={port}", "--address=127.0.0.1"]
    # Without a password of its own, Flower wants to be told that this is meant.
    environment = {**os.environ, "GRADMQ_REDIS_URL": user.tcp_url, "FLOWER_UNAUTHENTICATED_API": "true"}

    def ask(page: str, method: str = "GET") -> str:
        with (
            suppress(OSError),
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/{page}", method=method)) as answer,
        ):
            return str(answer.read().decode())
        return ""

    with (folder / "flower.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log)
    try:
        wait_until(lambda: ask("healthcheck") == "OK", "Flower", (folder / "flower.log").read_text)
        yield ask
    finally:
        process.terminate()
        process.wait(PATIENCE)


@pytest.mark.parametrize("name", RULES)
def test_the_page_on_security_gives_these_rules(name):
    page = " ".join((PROJECT / "docs" / "security.md").read_text().split())
    assert f"user {name} on >PASSWORD {RULES[name]}" in page


def gradmq_celery(url: str, *arguments: str) -> str:
    """What Celery's own program prints with our app."""
    command = [sys.executable, "-m", "celery", "-A", "worker", *arguments]
    environment = {**os.environ, "GRADMQ_REDIS_URL": url}
    return run(*command, env=environment, cwd=PROJECT).stdout
