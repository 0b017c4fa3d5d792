"""How a worker introduces itself: who it is, and what it computes with."""

from typing import NamedTuple, Self

from shared.environment import Kernels

LONGEST = 1000  # bytes
_LONGEST_NAME = 255  # characters: those of excluded workers are in every lease
_SEPARATOR = b"\0"


class Introduction(NamedTuple):
    """What follows the record of a worker that joins."""

    name: str
    kernels: Kernels

    def encode(self) -> bytes:
        """Return the bytes, LONGEST at most."""
        return _SEPARATOR.join(text.encode() for text in (self.name, *self.kernels))[:LONGEST]

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read an introduction; whatever is not there is empty, and no character of it moves a terminal's cursor."""
        parts = [*data[:LONGEST].split(_SEPARATOR, 2), b"", b""]
        name, digest, description = map(printable, parts[:3])
        return cls(name[:_LONGEST_NAME], Kernels(digest, description))


def printable(data: bytes) -> str:
    """Return text as a log line may show it."""
    text = data.decode(errors="replace")
    return "".join(character if character.isprintable() else "?" for character in text)
