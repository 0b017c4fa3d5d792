"""What takes seconds to make, and nobody changes: made by one process of pytest, for all of them."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of that name, which the first process that asks for it makes; the others wait meanwhile.

    make: fills the empty folder; what it raises, it raises in each process.
    """
    root = factory.getbasetemp()
    if root.name.startswith("popen-"):  # one process's of several, which share what is above it
        root = root.parent
    folder, done = root / name, root / f"{name}.done"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # what another failed to make
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
