"""The tasks that have models answer: what they refuse, and that whoever asks is told."""

import base64
import gc
import io
import json
from functools import partial

import numpy as np
import pytest
from celery.utils.saferepr import saferepr

from shared.errors import DataError, ModelError
from shared.messaging.keys import PredictionKeys, model_key, model_name_key
from shared.messaging.predictions import Batch, Refusal, decode_answers
from shared.model import SavedModel, pack
from shared.nn.parameters import Parameters
from shared.transport.models import to_bytes
from tests.support.predictions import IMAGES, answers, model
from worker import models, predictions

MODEL = model("exact", "relu", "softmax")
DIGEST = MODEL.digest


class Redis:
    """Keeps what it is given; all of it for ever."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.pushed: list[bytes] = []

    def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    def rpush(self, key: str, value: bytes) -> None:
        self.pushed.append(value)

    def expire(self, key: str, seconds: int) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def redis(monkeypatch) -> Redis:
    made = Redis()
    made.values[model_key(DIGEST)] = made.values[PredictionKeys("id").model] = to_bytes(MODEL)
    made.values[model_name_key("digits")] = DIGEST.encode()
    monkeypatch.setattr(predictions, "client", lambda url: made)
    monkeypatch.setattr(models, "_ready", type(models._ready)())
    return made


def reply(redis: Redis, inputs: np.ndarray, **change: object) -> object:
    """What a worker says to a batch of inputs."""
    redis.values[PredictionKeys("id").inputs(3)] = inputs.tobytes()
    predictions.batch.run({**Batch("id", 3, DIGEST, inputs.shape, inputs.dtype.str).to_json(), **change})
    number, found = decode_answers(redis.pushed.pop())
    assert number == 3
    return found


def test_a_batch_is_answered_with_the_bits_of_one_process(redis):
    inputs = IMAGES[:5]
    assert reply(redis, inputs).outputs.tobytes() == answers(MODEL, inputs).outputs.tobytes()


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        (np.zeros((2, 3)), "samples have 3 inputs where 784 are expected"),
        (np.full((2, 784), np.nan), "inputs must be between -1 and 1 in exact arithmetic, got nan to nan"),
        (np.full((2, 784), 1e9), "inputs must be between -1 and 1"),
    ],
)
def test_who_asks_is_told_why_a_batch_is_not_answered(redis, inputs, reason):
    assert reply(redis, inputs).reason.startswith(reason)


def test_what_is_not_there_is_asked_for(redis):
    del redis.values[PredictionKeys("id").model]
    assert reply(redis, IMAGES[:2]) == Refusal()


def test_also_of_what_nobody_expected_who_asks_is_told(redis, monkeypatch):
    def fail(*_: object) -> None:
        raise MemoryError("no room for that")

    monkeypatch.setattr(models.Ready, "answers", fail)
    assert reply(redis, IMAGES[:2]) == Refusal("no room for that")


@pytest.mark.parametrize("fields", [None, [], {"shape": "xy"}, {"number": "three"}])
def test_a_damaged_batch_is_dropped_with_a_line(redis, fields, caplog):
    predictions.batch.run(fields)
    assert not redis.pushed
    assert "a batch to be answered is damaged" in caplog.text


def array(samples: np.ndarray, **change: object) -> dict[str, object]:
    content = base64.b64encode(samples.tobytes()).decode()
    return {"base64": content, "dtype": str(samples.dtype), "shape": [*samples.shape], **change}


def test_a_call_is_answered(redis):
    found = predictions.predict.run("digits", array(IMAGES[:3]))
    assert found["predictions"] == answers(MODEL, IMAGES[:3]).labels.tolist()


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        (array(IMAGES[:2], shape=[1.0e400, 784]), "cannot be decoded"),
        (array(IMAGES[:2], shape=[-2, -784]), "cannot be decoded"),
        (array(IMAGES[:2], shape=["2", "x"]), "cannot be decoded"),
        (array(IMAGES[:2], shape=[10**4400]), "cannot be decoded"),
        (array(IMAGES[:2], shape=7), "cannot be decoded"),
        (array(IMAGES[:2], dtype="O"), "'O' is no type of numbers"),
        (array(IMAGES[:2], dtype="(1,2"), "is no type of numbers"),
        (array(IMAGES[:2], dtype={}), "cannot be decoded"),
        (array(IMAGES[:2], base64="no"), "cannot be decoded"),
        (array(IMAGES[:1, :1], shape=[]), "."),
        ([], "."),
        ({}, "columns must be lists of equal length"),
        ({"a": 3}, "columns must be lists of equal length"),
        ([[1, 2], [3]], "samples must be rows"),
        ([[10**400]], "samples must be rows"),
        ("words", "samples must be rows"),
        (None, "."),
        ([[0.5] * 7], "784"),
    ],
)
def test_samples_that_are_none_are_refused_in_a_line(redis, samples, why):
    with pytest.raises(DataError, match=why) as error:
        predictions.predict.run("digits", samples)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


def test_one_call_does_no_unbounded_work(redis, monkeypatch):
    most = 2**24 // 784
    with pytest.raises(DataError, match=f"{most + 1} samples are more than a call may have .* give {most} at a time"):
        predictions.predict.run("digits", array(np.zeros((most + 1, 784), np.uint8)))
    with pytest.raises(DataError, match="more than a call may have"):
        predictions.predict.run("digits", [[]] * (most + 1))
    monkeypatch.setattr(predictions, "_MOST_NUMBERS", 1000)
    wide = SavedModel(Parameters((1, 1001, 1), np.dtype(np.float32)), arithmetic="native", output="linear")
    redis.values[model_key(wide.digest)] = to_bytes(wide)
    with pytest.raises(DataError, match="1 samples are more than a call may have of this model"):
        predictions.predict.run(wide.digest, [[0.5]])
    assert predictions.predict.soft_time_limit == 60


def test_a_model_that_is_not_there_or_is_another_than_its_name_says_is_refused(redis):
    redis.values[model_key("0" * 64)] = to_bytes(MODEL)
    for name in ("nobody", "0" * 64, "\0", ""):
        with pytest.raises(ModelError, match="there is no model"):
            predictions.predict.run(name, [[0.0] * 784])


def test_a_model_that_is_a_bomb_is_no_model(redis):
    bomb = io.BytesIO()
    np.savez_compressed(bomb, **{**pack(MODEL), "W_1": np.zeros((2**12, 2**12))})
    redis.values[model_key(DIGEST)] = bomb.getvalue()
    with pytest.raises(ModelError, match="there is no model"):
        predictions.predict.run("digits", [[0.0] * 784])


def test_the_models_that_are_kept_are_bounded_by_their_bytes(redis, monkeypatch):
    nbytes = 2 * MODEL.parameters.flat.nbytes
    monkeypatch.setattr(models, "_MOST_BYTES", int(2.5 * nbytes))
    for seed in range(4):
        other = SavedModel(Parameters(MODEL.parameters.sizes, MODEL.parameters.dtype), "tanh")
        other.parameters.flat[...] = seed
        assert models.ready(other.digest, partial(to_bytes, other)) is not None
        assert sum(each.nbytes for each in models._ready.values()) <= 2.5 * nbytes
    assert len(models._ready) == 2
    monkeypatch.setattr(models, "_MOST_BYTES", 1)
    assert models.ready(DIGEST, lambda: to_bytes(MODEL)) is not None, "one alone may have more"
    assert [*models._ready] == [DIGEST]


def test_calls_of_every_length_leave_no_memory_behind(redis):
    found = models.ready(DIGEST, lambda: to_bytes(MODEL))
    found.answers(IMAGES[:1])
    gc.collect()
    for count in range(2, 12):
        found.answers(IMAGES[:count])
    assert not found.mlp._workspaces


def test_what_is_answered_is_in_no_log(redis):
    found = predictions.predict.run("digits", array(IMAGES[:3]), probabilities=True)
    assert json.loads(json.dumps(found)) == found
    assert saferepr(found, predictions.predict.resultrepr_maxsize) == "{, ...}"  # as Celery logs it, and tells Flower
