"""The order in which shards are added: a fixed tree, so that the bits do not depend on who computed them."""

from collections.abc import Callable, Sequence

from numpy.typing import DTypeLike

from shared.nn.parameters import Parameters
from shared.types import Vector


def tree_sum(vector_of: Callable[[int], Vector], first: int, stop: int) -> Vector:
    """Add vectors `first` to `stop - 1` in a fixed pairwise tree, in place, and return the sum.

    The tree pairs neighbours, then pairs of neighbours, and so on from number 0: (0+1)+(2+3), …. So a block of
    2^k vectors whose first number is a multiple of 2^k (or what is there of it) is a node of the tree, and adding
    the sums of such blocks by the same tree gives the same bits as adding the vectors.
    """
    count = stop - first
    if count == 1:
        return vector_of(first)
    middle = first + (1 << (count - 1).bit_length() - 1)
    total = tree_sum(vector_of, first, middle)
    total += tree_sum(vector_of, middle, stop)
    return total


class TreeReducer:
    """Adds vectors as they are computed, in the tree's order, in as little memory as that takes."""

    def __init__(self, sizes: Sequence[int], dtype: DTypeLike) -> None:
        """sizes: neurons of each layer, inputs first; the vectors are parameters, or gradients by them."""
        self._sizes, self._dtype = sizes, dtype
        self._buffers: list[Parameters] = []

    def sum(self, write: Callable[[int, Parameters], None], first: int, stop: int) -> Vector:
        """Return the sum of vectors `first` to `stop - 1`, valid until the next call.

        write: puts the vector of a number into the memory that it is given.
        """

        def vector(number: int) -> Vector:
            # The tree holds one finished sum for each 1 bit of the number of vectors before this one.
            held = (number - first).bit_count()
            if held == len(self._buffers):
                self._buffers.append(Parameters(self._sizes, self._dtype))
            write(number, self._buffers[held])
            return self._buffers[held].flat

        return tree_sum(vector, first, stop)
