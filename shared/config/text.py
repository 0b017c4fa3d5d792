"""Numbers as people write them."""

from collections.abc import Iterable


def join(numbers: Iterable[float]) -> str:
    """Return sizes, or other numbers, as the command line takes them: 784,30,10."""
    return ",".join(f"{number:g}" if isinstance(number, float) else str(number) for number in numbers)
