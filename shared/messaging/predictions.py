"""Batches of inputs to be answered: what Celery's tasks carry of them, and what workers reply."""

import struct
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from shared.errors import MessageError
from shared.nn.prediction import Answers
from shared.types import Array

BATCH_TASK = "gradmq.batch"  # its answers go to whoever sent it, through Redis
PREDICT_TASK = "gradmq.predict"  # for anybody's use: JSON in, JSON out

_DTYPES = ("|u1", "<f4", "<f8")
_HEAD = struct.Struct("<4sIQQ3sx")  # magic, batch, samples, outputs, dtype of the outputs
_MAGIC = b"GMQa"


@dataclass(frozen=True)
class Batch:
    """A batch, whose inputs are in Redis."""

    identity: str  # of all that are asked together, see `PredictionKeys`
    number: int
    model: str  # the model's digest
    shape: tuple[int, int]  # of the inputs
    dtype: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Rebuild a batch.  Raises MessageError for anything else."""
        try:
            n_samples, n_inputs = map(int, fields["shape"])
            batch = cls(**{**fields, "number": int(fields["number"]), "shape": (n_samples, n_inputs)})
        except (TypeError, ValueError, KeyError) as error:
            raise MessageError(f"a batch to be answered is damaged ({error}); it will be sent again") from None
        if batch.dtype not in _DTYPES or not isinstance(batch.identity, str) or min(batch.shape) < 0:
            raise MessageError("a batch to be answered is damaged; it will be sent again")
        return batch

    def inputs(self, content: bytes) -> Array | None:
        """Return the inputs, or None if that is not what was to be there."""
        n_samples, n_inputs = self.shape
        if len(content) != n_samples * n_inputs * np.dtype(self.dtype).itemsize:
            return None
        return np.frombuffer(content, self.dtype).reshape(self.shape)


def encode_answers(number: int, answers: Answers | None) -> bytes:
    """Return a reply to the batch of that number; None: model or inputs were not there."""
    if answers is None:
        return _HEAD.pack(_MAGIC, number, 0, 0, b"|u1")
    outputs = np.ascontiguousarray(answers.outputs, answers.outputs.dtype.newbyteorder("<"))
    head = _HEAD.pack(_MAGIC, number, *outputs.shape, outputs.dtype.str.encode())
    return head + np.ascontiguousarray(answers.labels, "<i8").tobytes() + outputs.tobytes()


def decode_answers(reply: bytes) -> tuple[int, Answers | None]:
    """Return which batch that replies to, and with what.  Raises MessageError for anything else."""
    try:
        magic, number, n_samples, n_outputs, dtype = _HEAD.unpack_from(reply)
        if magic != _MAGIC or dtype.decode() not in _DTYPES:
            raise ValueError
        if not n_samples:
            return number, None
        labels = np.frombuffer(reply, "<i8", n_samples, _HEAD.size)
        outputs = np.frombuffer(reply, dtype.decode(), -1, _HEAD.size + labels.nbytes)
        return number, Answers(labels, outputs.reshape(n_samples, n_outputs))
    except (struct.error, ValueError):
        raise MessageError("a reply to a batch is damaged; the batch will be sent again") from None
