"""The lean stream and its socket, on a pair of sockets instead of a Redis."""

import socket
from collections.abc import Iterator

import pytest

from shared.errors import ConnectionLostError, RefusedError
from shared.messaging import resp
from shared.messaging.resp import Stream, encode
from shared.messaging.sockets import observe_waits

SILENCE = 0.05  # seconds


@pytest.fixture
def redis() -> Iterator[socket.socket]:
    """The other end of every stream's socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.MonkeyPatch.context() as patched:
        patched.setattr(resp, "open_socket", lambda url, timeout: ours)
        yield theirs


@pytest.fixture
def stream(redis: socket.socket) -> Iterator[Stream]:
    made = Stream("redis://somewhere", SILENCE)
    yield made
    made.close()


def test_an_argument_in_parts_is_sent_as_one_and_its_memory_is_not_copied():
    memory = bytearray(b"weights")
    command = encode("SET", "key", (b"head", memoryview(memory)), "EX", 6)
    memory[:] = b"WEIGHTS"
    assert b"".join(command) == b"*5\r\n$3\r\nSET\r\n$3\r\nkey\r\n$11\r\nheadWEIGHTS\r\n$2\r\nEX\r\n$1\r\n6\r\n"


def test_every_kind_of_answer_is_read(redis, stream):
    redis.sendall(b"+OK\r\n:12\r\n$3\r\nabc\r\n$-1\r\n*-1\r\n*2\r\n$1\r\na\r\n:1\r\n")
    assert [stream.read() for _ in range(6)] == [b"OK", 12, b"abc", None, None, [b"a", 1]]


@pytest.mark.parametrize("read", [Stream.read, Stream.read_array, lambda stream: stream.read_into(memoryview(b""))])
def test_an_error_is_a_refusal_and_the_next_answer_is_in_place(redis, stream, read):
    redis.sendall(b"-OOM command not allowed\r\n+OK\r\n")
    with pytest.raises(RefusedError, match="OOM command not allowed"):
        read(stream)
    assert stream.read() == b"OK"


def test_another_answer_than_was_asked_for_is_a_refusal(redis, stream):
    redis.sendall(b":1\r\n:1\r\n" + b"x" * 5000)
    with pytest.raises(RefusedError, match="expected a bulk reply"):
        stream.read_into(memoryview(bytearray(9)))
    with pytest.raises(RefusedError, match="expected an array"):
        stream.read_array()
    with pytest.raises(RefusedError, match="too long"):
        stream.read()


def test_silence_counts_as_a_lost_connection(stream):
    with pytest.raises(ConnectionLostError, match=f"no answer from Redis in {SILENCE:g} s"):
        stream.read()


def test_a_closed_connection_is_lost_for_reading_and_for_sending(redis, stream):
    redis.close()
    with pytest.raises(ConnectionLostError, match="closed"):
        stream.read()
    with pytest.raises(ConnectionLostError, match="while sending"):
        stream.send([b"PING"])


def test_what_was_received_and_not_read_is_pending(redis, stream):
    redis.sendall(b":1\r\n:2\r\n")
    assert stream.fileno() >= 0
    assert not stream.pending
    stream.read()
    assert stream.pending
    stream.read()
    assert not stream.pending


@pytest.fixture
def waits() -> Iterator[list[float]]:
    """How long this process has waited for its sockets, each time."""
    heard: list[float] = []
    observe_waits(heard.append)
    yield heard
    observe_waits(None)


def test_a_measurement_hears_of_no_wait_if_the_answer_is_there_and_of_no_end_if_it_never_comes(redis, stream, waits):
    redis.sendall(b":1\r\n")
    stream.read()
    assert waits == []
    with pytest.raises(ConnectionLostError):
        stream.read()
    assert waits == [True]


def test_a_measurement_hears_when_a_wait_begins_and_ends(redis, stream, waits, monkeypatch):
    # The answer comes while the reader gives way, awake.
    monkeypatch.setattr("shared.messaging.sockets._give_way", lambda: redis.sendall(b":1\r\n"))
    assert stream.read() == 1
    assert waits == [True, False]
