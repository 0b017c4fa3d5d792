"""The lean stream and its socket, on a pair of sockets instead of a Redis."""

import socket
import threading
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


READS = [
    Stream.read,
    Stream.read_bulk,
    Stream.read_array,
    lambda stream: stream.read_into(memoryview(bytearray(9))),
    lambda stream: stream.skip(3),
]


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        *((b":1\r\n", read) for read in READS[1:4]),
        *((b"x" * 5000, read) for read in READS),
        *(
            (line + b"\r\n", Stream.read)
            for line in (b":", b":1x", b":1e3", b":--5", b":-", b":" + b"9" * 5000, b"$x", b"$-2", b"*-7", b"x1")
        ),
        (b"$%d\r\n" % 2**30, Stream.read),  # more than is read as a whole
        (b"$%d\r\n" % 10**30, READS[3]),
        (b"*2000000\r\n", Stream.read),
        (b"*1\r\n" * 5000, Stream.read),  # deeper than Python would go
        (b"$3\r\nabcde", Stream.read),  # no new line where it must be
        (b"$3\r\nabcde", READS[3]),
    ],
)
def test_an_answer_that_no_redis_gives_is_a_lost_connection(redis, stream, answer, read):
    redis.sendall(answer)
    with pytest.raises(ConnectionLostError, match="Redis answers what no Redis does"):
        read(stream)


def test_an_answer_that_is_longer_than_its_memory_is_dropped_piece_by_piece(redis):
    stream = Stream("redis://somewhere", 60.0)
    size = 30_000_000
    sender = threading.Thread(target=redis.sendall, args=(b"$%d\r\n" % size + bytes(size) + b"\r\n+OK\r\n",))
    sender.start()
    tracemalloc.start()
    assert stream.read_into(memoryview(bytearray(9))) == size
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()
    sender.join()
    assert stream.read() == b"OK"


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_redis_answers_is_read_or_is_one_of_our_errors(data):
    right = [b"+OK\r\n", b":12\r\n", b"$3\r\nabc\r\n", b"$-1\r\n", b"*2\r\n$1\r\na\r\n:1\r\n", b"-ERR no\r\n"]
    pieces = st.sampled_from(right) | st.binary(max_size=20) | st.sampled_from([b"*", b"$", b":", b"\r\n", b"9" * 30])
    answer = b"".join(data.draw(st.lists(pieces, max_size=8)))
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.MonkeyPatch.context() as patched:
        patched.setattr(resp, "open_socket", lambda url, timeout: ours)
        stream = Stream("redis://somewhere", SILENCE)
        theirs.sendall(answer)
        theirs.close()
        is_there = True
        while is_there:  # there is an end to it
            try:
                data.draw(st.sampled_from(READS))(stream)
            except RefusedError:
                pass
            except ConnectionLostError:
                is_there = False


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
