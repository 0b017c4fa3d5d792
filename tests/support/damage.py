"""What a line does to the bytes that pass, once: a wrong bit, missing, repeated or exchanged bytes, a delay, an end."""

import random
from collections.abc import Callable
from dataclasses import dataclass


def _same(data: bytes) -> bytes:
    return data


@dataclass(frozen=True)
class Damage:
    """One damage to what is read at once from a connection."""

    name: str = ""  # by which it is counted
    of_commands: bool = False  # else of Redis' answers
    least: int = 1  # bytes that there must be to be damaged
    change: Callable[[bytes], bytes] = _same
    delay: float = 0.0  # seconds
    cuts: bool = False  # whether the connection ends with it
    also_logins: bool = False  # whether what a connection begins with may be damaged


def cut(size: int) -> Damage:
    """So many bytes of an answer that is longer, and the connection's end; with 0 the whole answer is lost."""
    return Damage(least=size + 1, change=lambda data: data[:size], cuts=True, also_logins=True)


def corrupted(dice: random.Random) -> Damage:
    """One bit is wrong."""

    def change(data: bytes) -> bytes:
        where, bit = dice.randrange(len(data)), 1 << dice.randrange(8)
        return data[:where] + bytes([data[where] ^ bit]) + data[where + 1 :]

    return Damage(of_commands=_either(dice), change=change)


def truncated(dice: random.Random) -> Damage:
    """Some bytes are missing, and those that follow come."""

    def change(data: bytes) -> bytes:
        start = dice.randrange(len(data))
        return data[:start] + data[start + dice.randint(1, 20) :]

    return Damage(of_commands=_either(dice), change=change)


def duplicated(dice: random.Random) -> Damage:
    """All comes twice."""
    return Damage(of_commands=_either(dice), change=lambda data: data + data)


def reordered(dice: random.Random) -> Damage:
    """The second part comes before the first."""

    def change(data: bytes) -> bytes:
        middle = dice.randrange(1, len(data))
        return data[middle:] + data[:middle]

    return Damage(of_commands=_either(dice), least=2, change=change)


def delayed(dice: random.Random) -> Damage:
    """It takes its time."""
    return Damage(of_commands=_either(dice), delay=dice.choice([0.05, 0.5, 3.0]))


def _either(dice: random.Random) -> bool:
    return dice.random() < 0.5
