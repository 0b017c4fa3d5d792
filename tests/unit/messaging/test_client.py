"""redis-py in one place: its exceptions become ours, and what is private in it still exists."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from redis.client import Pipeline as RedisPipeline

from shared.errors import ConnectionLostError, QueueError, RefusedError
from shared.messaging.client import client, open_socket

ERRORS = [
    (redis.ConnectionError("gone"), ConnectionLostError),
    (redis.BusyLoadingError("loading"), ConnectionLostError),
    (redis.TimeoutError("silent"), ConnectionLostError),
    (redis.AuthenticationError("who are you"), RefusedError),
    (redis.ResponseError("WRONGTYPE"), RefusedError),
    (redis.exceptions.NoPermissionError("NOPERM"), RefusedError),
    (redis.OutOfMemoryError("OOM"), RefusedError),
    (redis.InvalidResponse("?"), RefusedError),
]


def raising(error: Exception) -> Callable[..., None]:
    def fail(*arguments: object, **options: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(("theirs", "ours"), ERRORS)
def test_a_command_raises_our_errors_with_their_words(monkeypatch, theirs, ours):
    monkeypatch.setattr(redis.Redis, "execute_command", raising(theirs))
    with client("unix:///nowhere") as connection, pytest.raises(ours) as caught:
        connection.get("key")
    assert str(caught.value) == str(theirs)
    assert isinstance(caught.value, QueueError)


@pytest.mark.parametrize(("theirs", "ours"), ERRORS)
def test_a_pipeline_raises_our_errors(monkeypatch, theirs, ours):
    monkeypatch.setattr(RedisPipeline, "execute", raising(theirs))
    with client("unix:///nowhere") as connection, connection.pipeline() as pipeline:
        pipeline.get("key")
        with pytest.raises(ours):
            pipeline.execute()


@pytest.mark.parametrize(
    "theirs", [TypeError("int has no len()"), AttributeError("insert"), KeyError("b"), ValueError()]
)
def test_what_redis_py_makes_of_answers_that_no_redis_gives_is_a_lost_connection(monkeypatch, theirs):
    monkeypatch.setattr(RedisPipeline, "execute", raising(theirs))
    lost = pytest.raises(ConnectionLostError, match="Redis answers what no Redis does")
    with client("unix:///nowhere") as connection, connection.pipeline() as pipeline, lost:
        pipeline.execute()


def test_where_no_redis_is_the_connection_counts_as_lost():
    with pytest.raises(ConnectionLostError), client("unix:///nowhere") as connection:
        connection.ping()
    with pytest.raises(ConnectionLostError, match="nowhere"):
        open_socket("unix:///nowhere", 1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Callable[[bytes], str]]:
    """Start one that gives the same answer to every command of one connection; return its address."""
    threads: list[threading.Thread] = []

    def start(answer: bytes) -> str:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(tmp_path / "socket"))
        listening.listen()

        def serve() -> None:
            with listening, listening.accept()[0] as connection:
                while received := connection.recv(4096):
                    connection.sendall(answer * received.count(b"*"))

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return f"unix://:a-secret@{tmp_path / 'socket'}?db=3"

    yield start
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()  # the socket was closed, and by nobody before


def test_a_socket_that_redis_py_has_opened_is_ours_alone(server):
    connected = open_socket(server(b"+OK\r\n"), 5)
    connected.sendall(b"*1\r\n$4\r\nPING\r\n")
    assert connected.recv(100) == b"+OK\r\n"
    connected.close()


def test_a_redis_that_does_not_let_us_in_has_refused(server):
    with pytest.raises(RefusedError, match="invalid username"):
        open_socket(server(b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"), 5)


def test_what_is_private_in_redis_py_still_exists():
    connection = redis.Connection()
    assert hasattr(connection, "_sock"), (
        "redis-py's connection no longer keeps its socket in _sock: look in redis/connection.py where it is now, and "
        "adapt open_socket in shared/messaging/client.py"
    )
