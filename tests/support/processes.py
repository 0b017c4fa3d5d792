"""The processes that tests start, and which of them are still there."""

import atexit
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import psutil

from tests.support.waiting import wait_until

# The programs' temporary folder tells them from any other gradmq on this machine.
SESSION = Path(tempfile.mkdtemp(prefix="test-"))
_BEGAN = psutil.Process().create_time()
atexit.register(shutil.rmtree, SESSION, ignore_errors=True)


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process runs. A zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for_the_end_of(processes: Iterable[psutil.Process]) -> None:
    """Wait until none of these processes is alive."""
    alive = set(processes)

    def all_have_ended() -> bool:
        alive.difference_update([process for process in alive if not is_alive(process)])
        return not alive

    wait_until(all_have_ended, "the end of processes", lambda: "\n".join(map(repr, alive)))


def private_folders() -> list[Path]:
    """Those of the embedded clusters that these tests have started."""
    return [*SESSION.glob("gradmq-*")]


def leftovers() -> set[str]:
    """The private folders and the processes of the programs that these tests have started."""
    found = {*map(str, private_folders())}
    for process in psutil.process_iter():
        try:
            if process.create_time() < _BEGAN:  # whose environment need not be read
                continue
            if process.environ().get("TMPDIR", "").startswith(str(SESSION)) and is_alive(process):
                found.add(f"{process.pid} {' '.join(process.cmdline())[:120]}")
        except psutil.Error:
            continue
    return found
