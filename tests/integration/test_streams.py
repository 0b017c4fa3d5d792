"""The lean stream on a real Redis."""

import numpy as np

from coordinator.gradients.reply_stream import ReplyStream
from shared.messaging.resp import Stream, encode


def test_the_stream_reads_large_replies_in_place_and_survives_odd_sizes(server):
    stream = Stream(server.url, 5)
    for size in (0, 1, 4093, 4094, 4095, 4096, 4097, 8192, 300_000):
        content = np.arange(size, dtype=np.uint8)
        stream.send([*encode("SET", "x", (b"head", content.data)), *encode("GET", "x"), *encode("LLEN", "none")] * 3)
        received = np.zeros(size + 4, np.uint8)
        for _ in range(3):
            assert stream.read() == b"OK"
            assert stream.read_into(received.data) == size + 4
            assert stream.read() == 0
        assert received[:4].tobytes() == b"head"
        np.testing.assert_array_equal(received[4:], content)
    stream.send([*encode("GET", "x"), *encode("GET", "nothing"), *encode("BLPOP", "none", 0.01)])
    assert stream.read_into(np.zeros(5, np.uint8).data) == 300_004  # too long: dropped, and the next one is in place
    assert stream.read_into(np.zeros(5, np.uint8).data) is None
    assert stream.read_array() is None
    stream.close()


def test_what_redis_still_owes_is_not_taken_for_an_answer_to_what_is_published_next(server):
    stream, message = ReplyStream(server.url, "replies"), np.zeros(1000, np.uint8)
    with server.client() as client:
        stream.publish(encode("SET", "weights", "1"), answers=1, replies=3)
        client.rpush("replies", b"one")
        assert stream.read(message, missing=3) == 3
        stream.stop_waiting()  # for the other two
        stream.publish(encode("SET", "weights", "2"), answers=1, replies=1)
        assert client.get("weights") == b"2"
        client.rpush("replies", b"another")
        assert stream.read(message, missing=1) == len(b"another")
    stream.disconnect()
