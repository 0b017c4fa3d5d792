"""Imports of many modules, which make up most of the time that a program takes to start."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def nothing_is_garbage() -> Iterator[None]:
    """Have Python look for no garbage in the block, nor ever among what was made there: what imports make stays.

    That it does so again and again is a tenth of the time of all imports.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()
