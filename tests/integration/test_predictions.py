"""Predictions on a real Redis: what one asks for costs no other anything, and nobody waits for ever."""

import base64
import json
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import pytest

from coordinator.prediction.remote import RemoteAnswers
from coordinator.workers.task_queue import TaskQueue
from shared.errors import RefusedError, VersionError
from shared.messaging.addresses import broker_url
from shared.messaging.client import Client, client
from shared.messaging.keys import BATCH_KEYS, BATCHES, PREDICTION_LIFETIME, PredictionKeys, model_key, model_name_key
from shared.messaging.predictions import BATCH_TASK, Batch, Refusal, encode_answers, encode_refusal
from shared.nn.prediction import Answers
from shared.transport.models import publish
from tests.support.predictions import IMAGES, answers, model
from tests.support.servers import Server

MODEL = model("exact", "relu", "softmax")
DAY = 86_400


@pytest.fixture
def redis(server: Server) -> Iterator[Client]:
    with closing(client(server.url)) as made:
        yield made


def test_a_name_for_a_short_time_does_not_shorten_another_names_life(redis):
    publish(redis, MODEL, "lasting", 30 * DAY)
    publish(redis, MODEL, "today", DAY)
    key = model_key(MODEL.digest)
    assert redis.ttl(key) > 29 * DAY
    assert redis.ttl(model_name_key("lasting")) > 29 * DAY
    assert 0 < redis.ttl(model_name_key("today")) <= DAY
    publish(redis, MODEL, "today", 60 * DAY)
    assert redis.ttl(key) > 59 * DAY


def test_a_model_that_is_damaged_in_redis_is_whole_again_when_it_is_published(redis):
    key = model_key(MODEL.digest)
    publish(redis, MODEL, "digits", DAY)
    whole = redis.get(key)
    redis.set(key, b"damaged", ex=30 * DAY)
    publish(redis, MODEL, "digits", DAY)
    assert redis.get(key) == whole
    assert redis.ttl(key) > 29 * DAY


def test_calls_of_other_programs_do_not_expire_with_our_batches(redis, server):
    redis.rpush("gradmq:predictions", "a call")
    broker = broker_url(server.url)
    with closing(TaskQueue(broker, BATCHES, BATCH_TASK, BATCH_KEYS, PREDICTION_LIFETIME)) as queue:
        queue.send(Batch("id", 0, "digest", (1, 1), "|u1").to_json(), "a batch")
        queue.keep_keys()
        assert not queue.is_taken()
    assert redis.ttl("gradmq:predictions") == -1
    assert 0 < redis.ttl("gradmq:batches") <= 600


@pytest.fixture
def worker(redis) -> Iterator[Callable[[Callable[[int], bytes]], None]]:
    """Have somebody reply to each batch."""
    over, threads = threading.Event(), []

    def work(reply: Callable[[int], bytes]) -> None:
        while not over.is_set():
            taken = redis.blpop(["gradmq:batches"], 0.1)
            if taken is not None:
                (fields,), _, _ = json.loads(base64.b64decode(json.loads(taken[1])["body"]))
                redis.rpush(PredictionKeys(fields["identity"]).answers, reply(fields["number"]))

    def start(reply: Callable[[int], bytes]) -> None:
        threads.append(threading.Thread(target=work, args=(reply,)))
        threads[-1].start()

    yield start
    over.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (Answers(np.array([0, 10]), np.zeros((2, 10))), "labels are 0 to 10 where there are 10 outputs"),
        (Answers(np.array([0, 1]), np.zeros((2, 11))), r"outputs are \(2, 11\) where they should be \(2, 10\)"),
        (Answers(np.array([0, 1]), np.zeros((2, 10), np.float32)), "outputs are float32 where they should be float64"),
        (Refusal("samples have 3 inputs"), "samples have 3 inputs"),
        (Refusal(), "model or inputs are not there"),
    ],
)
def test_what_workers_answer_wrongly_is_asked_again_a_few_times_and_not_for_ever(server, worker, wrong, why):
    sent = []

    def reply(number: int) -> bytes:
        sent.append(number)
        return encode_answers(number, wrong) if isinstance(wrong, Answers) else encode_refusal(number, wrong)

    worker(reply)
    asked = RemoteAnswers(MODEL, server.url).answers([IMAGES[:2]])
    with pytest.raises(VersionError, match=f"workers cannot answer: {why}"):
        list(asked)
    assert len(sent) == 6


def test_one_wrong_answer_is_not_the_end(server, worker):
    right = answers(MODEL, IMAGES[:2])
    replies = iter([Answers(right.labels + 10, right.outputs), right])
    worker(lambda number: encode_answers(number, next(replies)))
    (found,) = RemoteAnswers(MODEL, server.url).answers([IMAGES[:2]])
    assert found.outputs.tobytes() == right.outputs.tobytes()


def test_an_answer_longer_than_any_is_dropped_piece_by_piece(redis, server, worker):
    """Whoever has the workers' password may push as much as Redis takes."""
    long, said, right = 2**26, [], answers(MODEL, IMAGES[:2])
    asked = RemoteAnswers(MODEL, server.url, say=said.append, clock=lambda: 0.0)
    redis.rpush(asked._keys.answers, bytes(long))
    worker(lambda number: encode_answers(number, right))
    tracemalloc.start()
    try:
        (found,) = asked.answers([IMAGES[:2]])
        assert tracemalloc.get_traced_memory()[1] < long / 4
    finally:
        tracemalloc.stop()
    assert found.outputs.tobytes() == right.outputs.tobytes()
    assert said == [f"an answer of {long} bytes was dropped unread, as none has more than 328"]


def test_a_user_without_the_rights_is_told_at_once(redis, server):
    redis.execute_command("ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@read", "+ping", "+select")
    with pytest.raises(RefusedError, match=r"Redis or the broker refuses us: .*permission.*; check rights and memory"):
        list(RemoteAnswers(MODEL, server.url.replace(f":{server.password}@", "reader:secret@")).answers([IMAGES[:2]]))


def test_a_redis_that_refuses_for_a_minute_is_asked_no_more(redis, server):
    """Its memory is full: that may pass, or not."""
    redis.config_set("maxmemory", "1mb")
    said, now = [], iter(range(0, 10_000, 5))
    asked = RemoteAnswers(MODEL, server.url, say=said.append, clock=lambda: float(next(now))).answers([IMAGES[:2]])
    with pytest.raises(RefusedError, match=r"Redis or the broker refuses us: .*maxmemory"):
        list(asked)
    assert len(said) == 1
    assert said[0].startswith("waiting for Redis and the broker")
