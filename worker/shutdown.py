"""How Celery's main process tells the process that computes to finish its request and give up its lease.

Celery, told to stop by a signal or from Flower, waits for the running task without telling it. A lease can last for
minutes, so it looks here between requests. The flag is memory that fork shares.
"""

import mmap
from typing import Any

from celery import bootsteps

_flag = mmap.mmap(-1, 1)


def is_leaving() -> bool:
    return _flag[0] == 1


class Leave(bootsteps.StartStopStep):
    """Started after the pool, so stopped before Celery waits for it."""

    requires = ("celery.worker.components:Pool",)

    def stop(self, parent: Any) -> None:
        _flag[0] = 1
