"""Random numbers that depend on their key alone: any part of a run can be re-created without what came before it."""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a seed's numbers are for: one independent stream each."""

    WEIGHTS = 0
    ORDER = 1
    FIXED_PROBLEM = 2
    DEFORMATION = 3
    NOISE = 4
    DROPOUT = 5
    SPLIT = 6
    FOLDS = 7
    SWEEP = 8


def stream(seed: int, purpose: Purpose, counter: int, block: int = 0) -> np.random.Philox:
    """Return the generator of one stream, as it is at that counter (an epoch, say).

    block: how many blocks of four words it has given before. So what belongs to one sample of an epoch can be had
    without that of the others.

    Philox is a cipher of its counter (J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), and its
    raw words are fixed for all versions of NumPy (NEP 19).
    """
    return np.random.Philox(
        key=np.array([seed, purpose], np.uint64), counter=np.array([block, 0, 0, counter], np.uint64)
    )
