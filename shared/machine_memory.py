"""How much memory there is: the machine's, or what the container has of it, or what this process was given of it."""

import os
from contextlib import suppress
from pathlib import Path

# Limits of the container that this process is in (cgroups of version 2, and of 1). Elsewhere there is no such file.
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
VARIABLE = "GRADMQ_MEMORY_LIMIT"  # GiB

_GIB = 2**30


def memory_bytes() -> int:
    """Return the most bytes that this process could ever have, or is to have by GRADMQ_MEMORY_LIMIT."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in _LIMITS:
        with suppress(OSError, ValueError):  # it is not there, or says that there is no limit
            found.append(int(path.read_text()))
    with suppress(ValueError, OverflowError):  # it is not given, or no number
        found.append(int(float(os.environ.get(VARIABLE, "")) * _GIB))
    return min(found)
