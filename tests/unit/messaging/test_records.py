"""Records as bytes."""

from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.records import RECORD_BYTES, Record


@given(
    fields=st.tuples(
        *[st.integers(0, 2**bits - 1) for bits in (8, 64, 64, 32, 32, 32, 32, 8, 16, 32)],
        st.floats(allow_nan=False),
        st.integers(0, 2**32 - 1),
        *[st.integers(0, 2**64 - 1)] * 3,
    )
)
def test_a_record_survives_its_journey(fields):
    record = Record(*fields)
    assert len(record.encode()) == RECORD_BYTES == 96
    assert Record.decode(record.encode()) == record
    assert Record.decode(memoryview(record.encode() + b"gradient")) == record


@given(data=st.binary(max_size=200))
def test_anything_else_is_no_record(data):
    assert Record.decode(data) is None
