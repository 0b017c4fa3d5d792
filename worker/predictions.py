"""The tasks that have models answer. They are thin: Celery's part is here."""

from __future__ import annotations

import base64
import math
from contextlib import closing
from typing import Any, cast

import numpy as np
from celery.exceptions import SoftTimeLimitExceeded
from celery.utils.log import get_task_logger

from shared.errors import DataError, GradMQError, MessageError, ModelError, QueueError
from shared.messaging.addresses import tensors_url
from shared.messaging.client import Client, client
from shared.messaging.keys import PREDICTION_LIFETIME, PredictionKeys, model_key
from shared.messaging.predictions import BATCH_TASK, PREDICT_TASK, Batch, Refusal, encode_answers, encode_refusal
from shared.transport.models import published
from worker.celery import app
from worker.models import Ready, ready

# Of one call, which others wait for, and so do trainings.
_MOST_NUMBERS = 2**24  # samples times neurons of the widest layer
_SECONDS = 60

_DTYPES = {f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)} | {"float16", "float32", "float64"}

log = get_task_logger(__name__)


# A call that costs a worker its life is not given to the next: who wants its answer asks again.
@app.task(name=BATCH_TASK, throws=(GradMQError,), reject_on_worker_lost=False, soft_time_limit=PREDICTION_LIFETIME)
def batch(fields: Any) -> None:
    """Answer a batch whose inputs are in Redis, into a list there; or say there why not."""
    try:
        asked = Batch.from_json(fields)
    except MessageError as error:
        log.error("%s", error)
        return
    keys = PredictionKeys(asked.identity)
    with closing(client(tensors_url(app.conf.broker_url))) as redis:
        try:
            reply = _reply(redis, keys, asked)
        except QueueError:
            raise
        except Exception as error:  # whatever it is, who asks is not to wait for ever
            log.error("batch %d of %s cannot be answered: %s", asked.number, asked.identity, error)
            reply = encode_refusal(asked.number, Refusal(str(error) or type(error).__name__))
        redis.rpush(keys.answers, reply)
        redis.expire(keys.answers, PREDICTION_LIFETIME)


def _reply(redis: Client, keys: PredictionKeys, asked: Batch) -> bytes:
    """Return the reply to a batch.  Raises DataError for inputs that are none of its model."""
    model = ready(asked.model, lambda: _get(redis, keys.model))
    content = _get(redis, keys.inputs(asked.number))
    inputs = None if content is None else asked.inputs(content)
    if model is None or inputs is None:
        return encode_refusal(asked.number, Refusal())
    model.check(inputs)
    return encode_answers(asked.number, model.answers(inputs))


@app.task(
    name=PREDICT_TASK,
    ignore_result=False,
    throws=(GradMQError,),
    reject_on_worker_lost=False,
    soft_time_limit=_SECONDS,
    resultrepr_maxsize=1,  # what is answered is nobody's business but the caller's: no log has it
)
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
    given = _samples(samples)
    _check_size(given, found)
    try:
        answers = found.answers(found.model.inputs(given))
    except SoftTimeLimitExceeded:
        raise DataError(f"the samples would take more than {_SECONDS} s; give fewer at a time") from None
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


def _check_size(given: Any, model: Ready) -> None:
    """Raise DataError for more samples than one call may have.  given: as `_samples` returns it."""
    n_samples = len(next(iter(given.values()))) if isinstance(given, dict) else len(np.atleast_1d(given))
    most = _MOST_NUMBERS // model.width
    if n_samples > most:
        raise DataError(f"{n_samples} samples are more than a call may have of this model; give {most} at a time")


def _samples(given: Any) -> Any:
    """Return samples as an encoding takes them.  Raises DataError for what they are not."""
    if isinstance(given, dict) and "base64" in given:
        try:
            content, shape = base64.b64decode(given["base64"], validate=True), [int(n) for n in given["shape"][:8]]
            if given["dtype"] not in _DTYPES:
                raise ValueError(f"{str(given['dtype'])[:20]!r} is no type of numbers")
            dtype = np.dtype(given["dtype"])
            if min(shape, default=0) < 0 or len(content) != math.prod(shape) * dtype.itemsize:
                raise ValueError(f"{len(content)} bytes are no {dtype} of that shape")
            return np.frombuffer(content, dtype).reshape(shape)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DataError(f"the array cannot be decoded: {error}; give base64, dtype and shape") from None
    if isinstance(given, dict):
        lengths = {len(column) if isinstance(column, list) else -1 for column in given.values()}  # none of no column
        if len(lengths) != 1 or -1 in lengths:
            raise DataError("columns must be lists of equal length")
        return given
    try:
        return np.asarray(given, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise DataError("samples must be rows of as many numbers each, or columns by their names") from None


def _get(redis: Client, key: str) -> bytes | None:
    return cast(bytes | None, redis.get(key))
