"""The tasks that have models answer. They are thin: Celery's part is here."""

from __future__ import annotations

import base64
import math
from contextlib import closing
from typing import Any, cast

import numpy as np
from celery.utils.log import get_task_logger

from shared.errors import DataError, GradMQError, MessageError, ModelError
from shared.messaging.addresses import tensors_url
from shared.messaging.client import Client, client
from shared.messaging.keys import PREDICTION_LIFETIME, PredictionKeys, model_key
from shared.messaging.predictions import BATCH_TASK, PREDICT_TASK, Batch, encode_answers
from shared.transport.models import published
from worker.celery import app
from worker.models import Ready, ready

log = get_task_logger(__name__)


# A call that costs a worker its life is not given to the next: who wants its answer asks again.
@app.task(name=BATCH_TASK, reject_on_worker_lost=False)
def batch(fields: dict[str, Any]) -> None:
    """Answer a batch whose inputs are in Redis, into a list there."""
    try:
        asked = Batch.from_json(fields)
    except MessageError as error:
        log.error("%s", error)
        return
    keys = PredictionKeys(asked.identity)
    with closing(client(tensors_url(app.conf.broker_url))) as redis:
        model = ready(asked.model, lambda: _get(redis, keys.model))
        content = _get(redis, keys.inputs(asked.number))
        inputs = None if content is None else asked.inputs(content)
        answers = None if model is None or inputs is None else model.answers(inputs)
        redis.rpush(keys.answers, encode_answers(asked.number, answers))
        redis.expire(keys.answers, PREDICTION_LIFETIME)


@app.task(name=PREDICT_TASK, ignore_result=False, throws=(GradMQError,), reject_on_worker_lost=False)
def predict(model: str, samples: Any, probabilities: bool = False) -> dict[str, Any]:
    """Return what a published model answers.

    model: its name, or its digest.  samples: a list of rows of numbers, a mapping of the training's columns to
    lists, or an array as {"base64": …, "dtype": "uint8", "shape": [n, …]}.  probabilities: whether to return all
    outputs as well.

    Returns {"predictions": a class's name or numbers for each sample, "model": the digest}, and of outputs
    "names" and "probabilities".  Raises ModelError or DataError.
    """
    with closing(client(tensors_url(app.conf.broker_url))) as redis:
        found = _published(redis, model)
    answers = found.answers(found.model.inputs(_samples(samples)))
    result: dict[str, Any] = {
        "predictions": found.model.named(answers).tolist(),
        "model": found.model.digest,
    }
    if probabilities:
        result |= {"names": found.model.answer_names, "probabilities": answers.outputs.tolist()}
    return result


def _published(redis: Client, name: str) -> Ready:
    sha256 = published(redis, name)
    found = ready(sha256, lambda: _get(redis, model_key(sha256)))
    if found is None:
        raise ModelError(f"there is no model {name} in Redis; publish it with: gradmq publish RUN --name {name}")
    return found


def _samples(given: Any) -> Any:
    """Return samples as an encoding takes them.  Raises DataError for what they are not."""
    if isinstance(given, dict) and "base64" in given:
        try:
            content, shape = base64.b64decode(given["base64"], validate=True), tuple(map(int, given["shape"]))
            dtype = np.dtype(str(given["dtype"]))
            if dtype.kind not in "fiu" or len(content) != math.prod(shape) * dtype.itemsize:
                raise ValueError(f"{len(content)} bytes are no {dtype} of shape {shape}")
            return np.frombuffer(content, dtype).reshape(shape)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"the array cannot be decoded: {error}; give base64, dtype and shape") from None
    if isinstance(given, dict):
        lengths = {len(column) if isinstance(column, list) else -1 for column in given.values()}
        if len(lengths) != 1 or -1 in lengths:
            raise DataError("columns must be lists of equal length")
        return given
    try:
        return np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise DataError("samples must be rows of as many numbers each, or columns by their names") from None


def _get(redis: Client, key: str) -> bytes | None:
    return cast(bytes | None, redis.get(key))
