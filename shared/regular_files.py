"""Files that somebody names to be read: regular ones of bounded size, so that no reading hangs or grows."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

ANY_SIZE = 2**63 - 1  # bytes: of files that are read piece by piece, or stay on the disk


def open_regular(path: Path, most: int) -> BinaryIO:
    """Open a file for reading.

    most: bytes that are worth reading.  Raises OSError for what cannot be opened, is larger, or is no regular file: a
    pipe would be waited for, and a device may have no end.
    """
    # Not blocking: to open a pipe would wait for its other end.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        if status.st_size > most:
            message = f"it has {status.st_size} bytes, more than the {most} that are read of such a file"
            raise OSError(errno.EFBIG, message, str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def check_regular(path: Path) -> None:
    """Raise OSError as `open_regular` does: for those who can only open files by themselves."""
    open_regular(path, ANY_SIZE).close()


def read_regular(path: Path, most: int) -> bytes:
    """Return the content of a file.  Raises OSError as `open_regular` does."""
    with open_regular(path, most) as file:
        return file.read(most)  # of a file that grows, no more than that
