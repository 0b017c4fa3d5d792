"""How much memory an input takes, whoever asks the system for it."""

import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

_TIMES = 10  # the input's size
_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes, of what the system tells


class Memory:
    """Looks at the process' own highest mark, which costs nothing; a process must do nothing else meanwhile."""

    def __init__(self, constant: int) -> None:
        self._constant = constant
        self._base = _lower()

    def problem(self, content: bytes, again: Callable[[], object]) -> str:
        """Return what is wrong with the memory that an input has just taken, nothing if it was little enough.

        again: takes it once more, if it seems to be too much: it may have been little by little that of many.
        """
        most = _TIMES * len(content) + self._constant
        if _peak() - self._base <= most:
            return ""
        self._base = _lower()
        again()
        taken, self._base = _peak() - self._base, _lower()
        return f"it takes {taken / 2**20:.0f} MiB for {len(content)} bytes" if taken > most else ""


def limit(more: int = 6 * 2**30) -> None:
    """Have the system refuse this process more bytes of memory than that, beside what it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    if pages:
        most = pages * os.sysconf("SC_PAGE_SIZE") + more
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


def _lower() -> int:
    """Lower the mark to what is taken now, where the system can, and return it."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass
    return _peak()
