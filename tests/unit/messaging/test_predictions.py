"""Batches and the replies to them: whole or refused."""

import numpy as np
import pytest

from shared.errors import MessageError
from shared.messaging.predictions import Batch, decode_answers, encode_answers
from shared.nn.prediction import Answers

BATCH = Batch("id", 3, "digest", (2, 4), "<f8")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_answers_come_back_as_they_were(dtype):
    answers = Answers(np.array([1, 0, 2]), np.random.default_rng(0).random((3, 4)).astype(dtype))
    number, found = decode_answers(encode_answers(7, answers))
    assert number == 7
    assert np.array_equal(found.labels, answers.labels)
    assert found.outputs.dtype == dtype
    assert np.array_equal(found.outputs, answers.outputs)


def test_a_reply_can_say_that_there_was_nothing_to_answer():
    assert decode_answers(encode_answers(7, None)) == (7, None)


@pytest.mark.parametrize("length", [0, 10, 27, 60])
def test_a_reply_that_is_cut_off_is_refused(length):
    answers = Answers(np.array([1, 0, 2]), np.zeros((3, 4)))
    with pytest.raises(MessageError, match="will be sent again"):
        decode_answers(encode_answers(7, answers)[:length])


def test_a_batch_comes_back_as_it_was():
    assert Batch.from_json(BATCH.to_json()) == BATCH
    inputs = np.arange(8.0).reshape(2, 4)
    assert np.array_equal(BATCH.inputs(inputs.tobytes()), inputs)
    assert BATCH.inputs(inputs.tobytes()[1:]) is None


@pytest.mark.parametrize(
    "change", [{"shape": [2]}, {"shape": "x"}, {"dtype": "|O"}, {"number": "x"}, {"more": 1}, {"shape": [-1, 4]}]
)
def test_a_damaged_batch_is_refused(change):
    with pytest.raises(MessageError, match="damaged"):
        Batch.from_json({**BATCH.to_json(), **change})
