"""Redis for workers elsewhere: a user that can do only what GradMQ needs."""

import os
import re
import socket
import sys
from pathlib import Path

import pytest
import redis
import yaml

from tests.support.command import run
from tests.support.mnist import PROJECT
from tests.support.program import EPOCHS, job, metrics, start_worker
from tests.support.servers import Server
from tests.support.waiting import PATIENCE

RULES = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]["redis"]["environment"]["REDIS_RULES"]


class Restricted:
    """The addresses of a server for the user of docker-compose.yml."""

    def __init__(self, server: Server) -> None:
        self.password = "another-secret"
        with server.client() as client:
            client.execute_command("ACL", "SETUSER", "gradmq", "on", f">{self.password}", *RULES.split())
        self.url = server.url.replace(f":{server.password}@", f"gradmq:{self.password}@")
        self.tcp_url = server.tcp_url.replace(f":{server.password}@", f"gradmq:{self.password}@")


def test_a_user_that_can_do_only_what_is_needed_trains_through_faults(
    gradmq, small_data, server, long_fingerprint, tmp_path
):
    user = Restricted(server)
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
    pong = gradmq_celery(secret, "inspect", "ping", "--destination", second, "--timeout", str(PATIENCE))
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


def rule_of_workers() -> list[str]:
    """The rule on the page about security, as ACL SETUSER takes it: a selector is one argument."""
    page = (PROJECT / "docs" / "security.md").read_text()
    rule = page[page.index("user worker on >PASSWORD") :]
    return re.findall(r"\([^)]*\)|\S+", rule[: rule.index("```")])[4:]


class Worker(Restricted):
    """The addresses of a server for a user that is only good for workers."""

    def __init__(self, server: Server) -> None:
        self.password = "a-workers-secret"
        with server.client() as client:
            words = (" ".join(word.split()) for word in rule_of_workers())
            client.execute_command("ACL", "SETUSER", "worker", "on", f">{self.password}", *words)
        self.url = server.url.replace(f":{server.password}@", f"worker:{self.password}@")
        self.tcp_url = server.tcp_url.replace(f":{server.password}@", f"worker:{self.password}@")


def test_workers_need_no_more_than_their_rule(gradmq, small_data, server, long_fingerprint):
    user, own = Worker(server), Restricted(server)
    first, second = (start_worker(gradmq, user, name, GRADMQ_DATA="nowhere") for name in ("first", "second"))
    program = gradmq(*job(small_data, EPOCHS, redis=own.url))
    program.wait_for("Epoch 2:")
    first.process.terminate()  # Celery gives its task back
    program.wait_for("Epoch 10:")
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint
    second.process.terminate()
    assert second.end() == 0, second.text()
    with server.client() as client:
        refused = {entry[b"object"] for entry in client.execute_command("ACL", "LOG")}
        assert refused <= {b"client|setinfo"}


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
    with redis.Redis.from_url(Worker(server).url) as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command.split())


def test_the_page_on_security_gives_that_rule():
    page = (PROJECT / "docs" / "security.md").read_text()
    for word in RULES.split():
        assert word in page


def gradmq_celery(secret: Path, *arguments: str) -> str:
    """What Celery's own program prints with our app.  secret: a file with Redis' address."""
    command = [sys.executable, "-m", "celery", "-A", "worker", *arguments]
    environment = {**os.environ, "GRADMQ_REDIS_URL_FILE": str(secret)}
    return run(*command, env=environment, cwd=PROJECT).stdout
