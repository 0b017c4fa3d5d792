"""A file that is locked says that its folder is driven, or being removed."""

import fcntl
import time
from pathlib import Path
from typing import BinaryIO

# Seconds between looks at a lock: who asks whether a folder is driven has it for a moment.
_LOOKS = (0.01, 0.05)


def locked(path: Path) -> BinaryIO:
    """Return a file that nobody else can lock until it is closed, or this process ends.

    Raises BlockingIOError if somebody else has locked it, OSError if it cannot be written.
    """
    file = path.open("rb+")
    try:
        for seconds in _LOOKS:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            except BlockingIOError:
                time.sleep(seconds)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        file.close()
        raise
    return file


def is_locked(path: Path) -> bool:
    """Tell whether somebody has locked a file."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    return False
