"""What every codec must do, whichever there are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.transport.codecs import CODECS, codecs_of, memory_bytes
from tests.support.learning import EXACT

VECTORS = st.one_of(
    st.lists(st.floats(width=32), max_size=50).map(lambda numbers: np.array(numbers, np.float32)),
    st.lists(st.floats(), max_size=50).map(lambda numbers: np.array(numbers, np.float64)),
)


# Those that float32 holds.
SINGLES = st.lists(st.floats(width=32, allow_nan=False), max_size=50).map(lambda numbers: np.array(numbers, np.float64))
CASES = st.one_of(
    *(st.tuples(st.just(name), SINGLES if name == "single" else VECTORS) for name in sorted(CODECS)),
)


@given(case=CASES)
def test_what_is_decoded_is_what_was_encoded_to_the_bit(case):
    name, numbers = case
    codec = CODECS[name]
    memory = np.full(memory_bytes(codec, numbers.dtype, len(numbers)), 255, np.uint8)
    encoded = codec.encode(numbers)
    assert len(encoded) == codec.nbytes(numbers.dtype, len(numbers))
    memory[: len(encoded)] = encoded
    decoded = codec.decode(memory, numbers.dtype, len(numbers))
    assert (decoded.dtype, decoded.shape) == (numbers.dtype, numbers.shape)
    assert decoded.tobytes() == numbers.tobytes()


@pytest.mark.parametrize("name", sorted(CODECS))
def test_what_is_decoded_lies_in_the_memory_that_it_came_in_and_may_be_written_to(name):
    codec, dtype = CODECS[name], np.dtype(np.float32)
    memory = np.zeros(memory_bytes(codec, dtype, 5), np.uint8)
    decoded = codec.decode(memory, dtype, 5)
    assert np.shares_memory(decoded, memory)
    decoded += 1


@pytest.mark.parametrize("count", [511, 512, 513, 1025, 23_860])
def test_many_numbers_are_widened_where_they_lie(count):
    numbers = np.random.default_rng(0).standard_normal(count).astype(np.float32)
    memory = np.full(8 * count, 255, np.uint8)
    memory[: 4 * count] = numbers.view(np.uint8)
    np.testing.assert_array_equal(CODECS["single"].decode(memory, np.dtype(np.float64), count), numbers)


def test_numbers_that_go_as_they_are_are_not_copied():
    numbers = np.arange(5.0)
    assert np.shares_memory(np.frombuffer(CODECS["identity"].encode(numbers), np.uint8), numbers)


def test_the_weights_of_an_exact_run_travel_in_four_bytes_each_and_are_the_same():
    weights, codec = EXACT.mlp().rounded(EXACT.initial_parameters()).flat, codecs_of(EXACT).weights
    memory = np.zeros(memory_bytes(codec, weights.dtype, len(weights)), np.uint8)
    encoded = codec.encode(weights)
    assert len(encoded) == 4 * len(weights)
    memory[: len(encoded)] = encoded
    np.testing.assert_array_equal(codec.decode(memory, weights.dtype, len(weights)), weights)
