"""Powers and cosines of the same bits everywhere, against fractions and more digits."""

import hashlib
import struct
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from shared.optim.powers import cosine, power

PI = Decimal("3.14159265358979323846264338327950288419716939937510")


def true_cosine(turn: float) -> Decimal:
    """Taylor's series with 50 digits."""
    with localcontext(prec=50):
        square = (PI * Decimal(turn)) ** 2
        term = total = Decimal(1)
        for k in range(1, 40):
            term *= -square / ((2 * k) * (2 * k - 1))
            total += term
        return total


def test_a_cosine_is_right_to_1e_15():
    turns = [k / 4096 for k in range(4097)] + [k / 3333 for k in range(3334)]
    assert max(abs(Decimal(cosine(turn)) - true_cosine(turn)) for turn in turns) < Decimal("1e-15")


def test_a_cosine_is_exact_at_the_ends_and_in_the_middle():
    assert [cosine(turn) for turn in (0.0, 0.5, 1.0)] == [1.0, 0.0, -1.0]


def test_a_cosine_has_these_bits_on_every_machine():
    values = b"".join(struct.pack("<d", cosine(k / 1000)) for k in range(1001))
    assert hashlib.sha256(values).hexdigest()[:16] == "717892162bf489cb"


@pytest.mark.parametrize("base", [0.0, 0.1, 0.5, 0.95, 1.0, 1.5])
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 10, 299])
def test_a_power_is_right_to_a_few_roundings(base, exponent):
    exact = Fraction(base) ** exponent
    assert abs(Fraction(power(base, exponent)) - exact) <= exact * Fraction(1, 2**44)


def test_powers_of_two_are_exact():
    assert [power(0.5, exponent) for exponent in (0, 1, 7)] == [1.0, 0.5, 1 / 128]
