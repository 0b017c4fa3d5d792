"""Damage as a disk, a network or an enemy might do it, at random from a printed seed.

GRADMQ_MUTATIONS says how many of each, GRADMQ_SEED which.
"""

import os
import random
from collections.abc import Iterator

COUNT = int(os.environ.get("GRADMQ_MUTATIONS", "40"))
SEED = int(os.environ.get("GRADMQ_SEED", random.randrange(2**32)))


def mutated(content: bytes, dice: random.Random) -> bytes:
    """The content with one to three changes."""
    data = bytearray(content)
    for _ in range(dice.randint(1, 3)):
        start = dice.randrange(len(data) + 1)
        stop = min(len(data), start + dice.choice([1, 2, 4, 8, 64]))
        match dice.randrange(6):
            case 0 if start < len(data):
                data[start] ^= 1 << dice.randrange(8)
            case 1:
                data[start:stop] = dice.randbytes(stop - start)
            case 2:
                del data[start:stop]
            case 3:
                data[start:start] = data[start:stop]
            case 4:
                data[start:stop] = dice.choice([b"\0", b"\xff"]) * (stop - start)
            case 5:
                del data[start:]
    return bytes(data)


def mutations(content: bytes, dice: random.Random) -> Iterator[bytes]:
    """COUNT contents that each differ from the whole one."""
    for _ in range(COUNT):
        while (changed := mutated(content, dice)) == content:
            pass
        yield changed


def is_one_line(error: Exception) -> bool:
    return "\n" not in str(error)
