"""The parts of a data set, which steps, leases and messages name."""

from enum import IntEnum


class Part(IntEnum):
    """Samples to learn from, to choose by, or to test on."""

    TRAINING = 0
    VALIDATION = 1
    TEST = 2

    def __str__(self) -> str:
        return self.name.lower()


EVALUATED = (Part.VALIDATION, Part.TEST)  # at each epoch's end, in this order
