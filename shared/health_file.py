"""The health file: its age tells a container's health check, at next to no cost, whether a process is alive.

A coordinator's is touched by the thread that does the work, so that one that hangs lets it grow old; a worker's by
Celery's main process, as often as it tells the broker that it lives.
"""

import os
from pathlib import Path

HEALTH_FILE = "GRADMQ_HEALTH_FILE"  # the variable of the environment that says where it is


def health_file() -> Path | None:
    """Return where it is to be; None: nobody asks for one."""
    path = os.environ.get(HEALTH_FILE)
    return Path(path) if path else None
