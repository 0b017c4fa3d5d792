"""Batches of inputs to be answered: what Celery's tasks carry of them, and what workers reply."""

import struct
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from shared.errors import MessageError
from shared.messaging.introduction import printable
from shared.messaging.keys import is_name
from shared.nn.prediction import Answers
from shared.types import Array

BATCH_TASK = "gradmq.batch"  # its answers go to whoever sent it, through Redis
PREDICT_TASK = "gradmq.predict"  # for anybody's use: JSON in, JSON out

_DTYPES = ("|u1", "<f4", "<f8")
_HEAD = struct.Struct("<4sIQQ3sx")  # magic, batch, samples, outputs, dtype of the outputs
_MAGIC = b"GMQa"
_LONGEST = 300  # bytes of a reason
_NOT_THERE = "model or inputs are not there"


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
    def from_json(cls, fields: Any) -> Self:
        """Rebuild a batch.  Raises MessageError for anything else."""
        match fields:
            case {
                "identity": str(identity),
                "number": int(number),
                "model": str(model),
                "shape": [int(n_samples), int(n_inputs)],
                "dtype": str(dtype),
            } if (len(fields) == 5 and is_name(identity) and dtype in _DTYPES) and (
                0 <= number < 2**32 and min(n_samples, n_inputs) > 0
            ):
                return cls(identity, number, model, (n_samples, n_inputs), dtype)
        raise MessageError("a batch to be answered is damaged; it will be sent again")

    def inputs(self, content: bytes) -> Array | None:
        """Return the inputs, or None if that is not what was to be there."""
        n_samples, n_inputs = self.shape
        if len(content) != n_samples * n_inputs * np.dtype(self.dtype).itemsize:
            return None
        return np.frombuffer(content, self.dtype).reshape(self.shape)


class Refusal(NamedTuple):
    """A worker cannot answer a batch."""

    reason: str = _NOT_THERE


def encode_answers(number: int, answers: Answers) -> bytes:
    """Return a reply to the batch of that number."""
    outputs = np.ascontiguousarray(answers.outputs, answers.outputs.dtype.newbyteorder("<"))
    head = _HEAD.pack(_MAGIC, number, *outputs.shape, outputs.dtype.str.encode())
    return head + np.ascontiguousarray(answers.labels, "<i8").tobytes() + outputs.tobytes()


def encode_refusal(number: int, refusal: Refusal) -> bytes:
    """Return a reply to the batch of that number, with which a worker does not answer it."""
    return _HEAD.pack(_MAGIC, number, 0, 0, b"|u1") + refusal.reason.encode()[:_LONGEST]


def longest_reply(n_samples: int, n_outputs: int, dtype: np.dtype[Any]) -> int:
    """Return how many bytes a reply to a batch of so many samples has at most."""
    return _HEAD.size + max(_LONGEST, n_samples * (np.dtype(np.int64).itemsize + n_outputs * dtype.itemsize))


def decode_answers(reply: bytes) -> tuple[int, Answers | Refusal]:
    """Return which batch that replies to, and with what.  Raises MessageError for anything else."""
    try:
        magic, number, n_samples, n_outputs, dtype = _HEAD.unpack_from(reply)
        if magic != _MAGIC or dtype.decode() not in _DTYPES:
            raise ValueError
        if not n_samples:
            return number, Refusal(printable(reply[_HEAD.size :][:_LONGEST]) or _NOT_THERE)
        labels = np.frombuffer(reply, "<i8", n_samples, _HEAD.size)
        outputs = np.frombuffer(reply, dtype.decode(), -1, _HEAD.size + labels.nbytes)
        return number, Answers(labels, outputs.reshape(n_samples, n_outputs))
    except (struct.error, ValueError, OverflowError):
        raise MessageError("a reply to a batch is damaged; the batch will be sent again") from None


def misfit(answers: Answers, n_samples: int, n_outputs: int, dtype: np.dtype[Any]) -> str:
    """Return what is wrong with the answers to so many samples, of which a network has so many outputs, or nothing."""
    shape = (n_samples, n_outputs)
    if answers.outputs.shape != shape or len(answers.labels) != n_samples:
        return f"outputs are {answers.outputs.shape} where they should be {shape}"
    if answers.outputs.dtype != dtype:
        return f"outputs are {answers.outputs.dtype} where they should be {dtype}"
    if not 0 <= answers.labels.min() <= answers.labels.max() < n_outputs:
        return f"labels are {answers.labels.min()} to {answers.labels.max()} where there are {n_outputs} outputs"
    return ""
