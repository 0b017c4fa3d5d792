"""What every codec must do, whichever there are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.transport.codecs import CODEC, CODECS, memory_bytes

NAMES = st.sampled_from(sorted(CODECS))
VECTORS = st.one_of(
    st.lists(st.floats(width=32), max_size=50).map(lambda numbers: np.array(numbers, np.float32)),
    st.lists(st.floats(), max_size=50).map(lambda numbers: np.array(numbers, np.float64)),
)


@given(name=NAMES, numbers=VECTORS)
def test_what_is_decoded_is_what_was_encoded_to_the_bit(name, numbers):
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


@given(numbers=VECTORS)
def test_the_codec_of_every_run_copies_nothing(numbers):
    if len(numbers):
        assert np.shares_memory(np.frombuffer(CODEC.encode(numbers), np.uint8), numbers)
