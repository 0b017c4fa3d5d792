"""Where inputs are written that are read from files."""

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

_PREFIX = "gradmq-fuzz-"
_MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())  # where files are fast


@cache
def scratch() -> Path:
    """This process' own folder, which goes with it."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_MEMORY))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def clear(process: int) -> None:
    """Remove the folder of a process that could not do so itself."""
    for folder in _MEMORY.glob(f"{_PREFIX}{process}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def written(name: str, content: bytes) -> Path:
    """Return the path of a file of that name, in place of one that was there."""
    path = scratch() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
