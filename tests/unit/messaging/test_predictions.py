"""Batches and the replies to them: whole or refused."""

import json

import numpy as np
import pytest

from shared.errors import MessageError
from shared.messaging.predictions import (
    Batch,
    Refusal,
    decode_answers,
    encode_answers,
    encode_refusal,
    longest_reply,
    misfit,
)
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


def test_a_reply_can_say_that_there_was_nothing_to_answer_or_why_it_was_not():
    assert decode_answers(encode_refusal(7, Refusal())) == (7, Refusal("model or inputs are not there"))
    assert decode_answers(encode_refusal(7, Refusal("no"))) == (7, Refusal("no"))


def test_a_reason_is_short_and_moves_no_cursor():
    _, found = decode_answers(encode_refusal(7, Refusal("\x1b[2J" + 1000 * "é")))
    assert found.reason.startswith("?[2Jéé")
    assert len(found.reason) < 200


def test_no_reply_is_longer_than_the_longest():
    answers = Answers(np.zeros(40, np.int64), np.zeros((40, 4)))
    assert len(encode_answers(7, answers)) == longest_reply(40, 4, np.dtype(np.float64))
    assert len(encode_refusal(7, Refusal(1000 * "x"))) == longest_reply(1, 1, np.dtype(np.float32))


@pytest.mark.parametrize("length", [0, 10, 27, 60])
def test_a_reply_that_is_cut_off_is_refused(length):
    answers = Answers(np.array([1, 0, 2]), np.zeros((3, 4)))
    with pytest.raises(MessageError, match="will be sent again"):
        decode_answers(encode_answers(7, answers)[:length])


@pytest.mark.parametrize(
    ("labels", "outputs", "what"),
    [
        ([0, 4], np.zeros((2, 4)), "labels are 0 to 4 where there are 4 outputs"),
        ([-1, 3], np.zeros((2, 4)), "labels are -1 to 3"),
        ([0, 1, 2], np.zeros((3, 4)), r"outputs are \(3, 4\) where they should be \(2, 4\)"),
        ([0, 1], np.zeros((2, 3)), r"outputs are \(2, 3\)"),
        ([0, 1], np.zeros((2, 4), np.float32), "outputs are float32 where they should be float64"),
        ([0, 1], np.zeros((2, 4), np.uint8), "outputs are uint8"),
    ],
)
def test_an_answer_that_cannot_be_right_is_told(labels, outputs, what):
    _, found = decode_answers(encode_answers(7, Answers(np.array(labels), outputs)))
    with pytest.raises(AssertionError, match=what):
        assert not misfit(found, 2, 4, np.dtype(np.float64)), misfit(found, 2, 4, np.dtype(np.float64))
    right = Answers(np.array([0, 3]), np.zeros((2, 4)))
    assert not misfit(right, 2, 4, np.dtype(np.float64))


def test_a_batch_comes_back_as_it_was():
    assert Batch.from_json(json.loads(json.dumps(BATCH.to_json()))) == BATCH
    inputs = np.arange(8.0).reshape(2, 4)
    assert np.array_equal(BATCH.inputs(inputs.tobytes()), inputs)
    assert BATCH.inputs(inputs.tobytes()[:-1]) is None


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [2]},
        {"shape": [0, 4]},
        {"shape": [-1, -4]},
        {"shape": [float("inf"), 4]},
        {"shape": "24"},
        {"dtype": "|O8"},
        {"dtype": ["<f8"]},
        {"number": -1},
        {"number": 2**32},
        {"number": 1.0},
        {"model": ["digest"]},
        {"identity": None},
        {"identity": "celery.pidbox"},  # under which workers may write
        {"more": 1},
    ],
)
def test_a_damaged_batch_is_refused(change):
    with pytest.raises(MessageError):
        Batch.from_json({**BATCH.to_json(), **change})


@pytest.mark.parametrize("fields", [None, [], "batch", {}, 3])
def test_what_is_no_batch_at_all_is_refused(fields):
    with pytest.raises(MessageError):
        Batch.from_json(fields)
