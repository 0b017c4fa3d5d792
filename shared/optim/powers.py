"""Powers and cosines of the same bits on every machine: those of its C library differ in their last bits."""

from functools import reduce

_PI = 3.141592653589793
_TERMS = 9  # of Taylor's series: for angles up to pi / 4 what is left out is below 2^-60


def power(base: float, exponent: int) -> float:
    """Return base^exponent by squaring and multiplying.  exponent: at least 0."""
    result = 1.0
    while exponent:
        if exponent & 1:
            result *= base
        base *= base
        exponent >>= 1
    return result


def cosine(turn: float) -> float:
    """Return cos(pi * turn) to 1e-15.  turn: between 0 and 1."""
    if turn > 0.5:
        return -cosine(1 - turn)
    if turn > 0.25:  # the sine of what is missing to a right angle
        angle = _PI * (0.5 - turn)
        return angle * _series(angle * angle, 1)
    angle = _PI * turn
    return _series(angle * angle, 0)


def _series(square: float, first: int) -> float:
    """Return the sum of (-square)^k * first! / (2k + first)!, beginning with the smallest term (Horner)."""
    return reduce(
        lambda tail, k: 1 - square / ((2 * k + first) * (2 * k + first - 1)) * tail, range(_TERMS - 1, 0, -1), 1.0
    )
