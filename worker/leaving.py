"""How Celery's main process tells the process that computes to finish its request and give up its seat.

On SIGTERM Celery waits for the running task, but does not tell it. A seat can last for minutes, so it looks here
between requests. The flag is memory that fork shares.
"""

import mmap

_flag = mmap.mmap(-1, 1)


def leave() -> None:
    _flag[0] = 1


def is_leaving() -> bool:
    return _flag[0] == 1
