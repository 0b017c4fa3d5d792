"""Into which shards a mini-batch is cut."""

from collections.abc import Sequence
from functools import lru_cache


def default_shards(mini_batch_size: int) -> int:
    """Return the number of shards of a mini-batch if none is asked for: 2 for 10 samples, 4 for 100, 8 for 2,000.

    It is the largest power of two whose fourth power is at most four times the size: every shard adds one sum of whole
    gradients, and BLAS is slower on narrow matrices, so their number should grow slower than what there is to share.
    """
    shards = 1
    while (2 * shards) ** 4 <= 4 * mini_batch_size:
        shards *= 2
    return shards


@lru_cache(maxsize=16)  # a run has two sizes of mini-batches, and asks for their bounds at every step
def shard_bounds(n_samples: int, shards: int) -> Sequence[int]:
    """Return where the shards of a mini-batch begin, and its end: contiguous, nearly equal, none empty.

    A mini-batch with fewer samples than shards has one shard a sample.
    """
    shards = min(shards, n_samples)
    return tuple(n_samples * shard // shards for shard in range(shards + 1))


def block_width(n_shards: int, workers: int) -> int:
    """Return of how many shards each request should be, so that there is one a worker, if there are the shards.

    It is a power of two, so that each block is a node of the tree that adds the shards (`shared.parallel.reduction`).
    """
    width = 1
    while width < n_shards and -(-n_shards // (2 * width)) >= min(workers, n_shards):
        width *= 2
    return width
