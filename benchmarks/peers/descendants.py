"""No process of a peer outlives the benchmark, whatever became of the one that started it."""

import ctypes
import os
import signal
import time
from contextlib import suppress

import psutil

END = 20.0  # seconds until we give up
_SUBREAPER = 36  # Linux: PR_SET_CHILD_SUBREAPER


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none can be lost sight of."""
    with suppress(OSError, AttributeError):  # not Linux: what a crashed contender leaves must end by itself
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def end_descendants() -> None:
    """Kill whatever of all peers is still there."""
    deadline = time.monotonic() + END
    while (left := psutil.Process().children(recursive=True)) and time.monotonic() < deadline:
        end_all(left)
        with suppress(ChildProcessError):  # an adopted one stays as a zombie until we ask for its end
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def end_all(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, timeout=1)
