"""The health file: its age tells a container's health check, at next to no cost, whether a process is alive.

It is touched by the thread that does the work, so that a process that hangs lets it grow old.
"""

import os
from pathlib import Path

HEALTH_FILE = "GRADMQ_HEALTH_FILE"  # the variable of the environment that says where it is


def health_file() -> Path | None:
    """Return where it is to be; None: nobody asks for one."""
    path = os.environ.get(HEALTH_FILE)
    return Path(path) if path else None
