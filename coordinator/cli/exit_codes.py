"""What the program's exit codes mean: 0, 1, 2 and 128 + a signal as everywhere, the others as in sysexits(3)."""

import errno
import os

from shared.errors import (
    AddressError,
    ChangedLeasesError,
    ForbiddenError,
    InternalError,
    InUseError,
    QueueError,
    UnwritableError,
    VersionError,
)

DIFFERENT = 1  # what was compared is not the same
WRONG_INPUT = 2  # an option, a file or a value that it cannot be done with
DEFECT = os.EX_SOFTWARE

_BY_KIND: dict[type[BaseException], int] = {
    InternalError: DEFECT,
    AddressError: WRONG_INPUT,
    ForbiddenError: os.EX_NOPERM,
    QueueError: os.EX_UNAVAILABLE,
    InUseError: os.EX_TEMPFAIL,
    VersionError: os.EX_PROTOCOL,
    ChangedLeasesError: os.EX_PROTOCOL,
}
# Why a file cannot be made. All else goes wrong while it is written or read.
_NO_FILE = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST),
    *(errno.ENOTEMPTY, errno.ENAMETOOLONG, errno.ELOOP, errno.EBUSY),
}


def exit_code(error: BaseException) -> int:
    """Return the exit code of a command that an error has ended."""
    if isinstance(error, UnwritableError | OSError):
        return os.EX_CANTCREAT if error.errno in _NO_FILE else os.EX_IOERR
    kinds = (_BY_KIND[kind] for kind in type(error).__mro__ if kind in _BY_KIND)
    return next(kinds, WRONG_INPUT)
