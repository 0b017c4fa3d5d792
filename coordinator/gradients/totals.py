"""The sum of a step's gradients as they come, and what becomes of the memory that they came in."""

from typing import Protocol

import numpy as np

from shared.messaging.records import RECORD_BYTES
from shared.parallel.reduction import tree_sum
from shared.types import Array, Vector


class Total(Protocol):
    """Takes the gradients of one step's pieces, in any order."""

    def add(self, first: int, message: Array, gradient: Vector) -> None:
        """Take a piece's gradient.  first: unit of the piece.

        message: its memory is ours now.  gradient: there, or where only its worker may write.
        """
        ...

    def sum(self) -> Vector:
        """Return the sum of all that was added; its memory is free again when the next step is computed."""
        ...


class RunningTotal:
    """Adds at once: for gradients whose sum is the same in any order."""

    def __init__(self, free: list[Array]) -> None:
        """free: where memory goes that is not needed any more."""
        self._free = free
        self._message: Array
        self._total: Vector | None = None

    def add(self, first: int, message: Array, gradient: Vector) -> None:
        if self._total is None:
            self._message, self._total = message, _in_message(message, gradient)
        else:
            self._total += gradient
            self._free.append(message)

    def sum(self) -> Vector:
        assert self._total is not None, "a step has pieces"
        self._free.append(self._message)
        return self._total


class TreeTotal:
    """Keeps all until the last has come, and adds them in the fixed tree of `shared.parallel.reduction`."""

    def __init__(self, free: list[Array]) -> None:
        """free: where memory goes that is not needed any more."""
        self._free = free
        self._pieces: dict[int, tuple[Array, Vector]] = {}

    def add(self, first: int, message: Array, gradient: Vector) -> None:
        self._pieces[first] = message, _in_message(message, gradient)

    def sum(self) -> Vector:
        self._free += [message for message, _ in self._pieces.values()]
        gradients = [gradient for _, (_, gradient) in sorted(self._pieces.items(), key=lambda item: item[0])]
        return tree_sum(gradients.__getitem__, 0, len(gradients))


def _in_message(message: Array, gradient: Vector) -> Vector:
    """Return the gradient in the message's memory, where it may be added to."""
    if np.may_share_memory(message, gradient):
        return gradient
    content = message[RECORD_BYTES : RECORD_BYTES + gradient.nbytes].view(gradient.dtype)
    content[:] = gradient
    return content
