"""A cluster's process group and private folder, and the watchdog that ends both when we end."""

import logging
import os
import select
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from coordinator.cluster.process import RestartPolicy
from shared.errors import QueueError

_WATCHDOG = Path(__file__).with_name("watchdog.py")
_END = 5.0  # seconds that the watchdog may take

log = logging.getLogger(__name__)


class ProcessGroup:
    """The group of a cluster's processes: apart from ours, so that Ctrl-C in the terminal does not reach them."""

    def __init__(self) -> None:
        """Start the watchdog, which makes group and folder.  Raises QueueError if there can be no folder."""
        self._restarts = RestartPolicy()
        self._leader = self._watchdog = self._started(0)
        while not (folder := self._told(self._leader)):
            self._release(self._leader)
            if self._leader.returncode >= 0 or not self._restarts.allows(self._leader.returncode):
                raise QueueError("no temporary folder can be made for the embedded Redis; set TMPDIR to one that can")
            self._say_that_it_ended()
            self._leader = self._watchdog = self._started(0)
        self.id, self.folder = self._leader.pid, folder

    def supervise(self) -> None:
        """Start another watchdog if this one has ended.  Raises QueueError if none lives."""
        assert self._watchdog.stdout is not None
        end = select.poll()  # and not `select`, which knows no descriptor above 1023
        end.register(self._watchdog.stdout, select.POLLIN)
        if not end.poll(0):  # nothing comes there any more but its end
            return
        ended = self._watchdog
        # The group's leader is not waited for: nobody could join the group once nothing is left of it.
        if ended is not self._leader and not self._restarts.allows(ended.wait()):
            raise QueueError(f"the watchdog ends as soon as it starts (exit code {ended.returncode})")
        self._say_that_it_ended()
        self._watchdog = self._started(self.id, self.folder)
        self._restarts.started()
        if ended is not self._leader:
            self._release(ended)

    def end(self) -> None:
        """End all processes of the group, and remove the folder."""
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._watchdog.wait(_END)
        # The watchdog has done all this, unless somebody has killed it.
        with suppress(ProcessLookupError):
            os.killpg(self.id, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
        for each in {self._watchdog, self._leader}:
            self._release(each)

    @staticmethod
    def _told(watchdog: "subprocess.Popen[bytes]") -> str:
        """Return which folder a watchdog has made; nothing if it ended before."""
        assert watchdog.stdout is not None
        return watchdog.stdout.readline().decode().rstrip("\n")

    @staticmethod
    def _say_that_it_ended() -> None:
        log.warning("the watchdog has ended; starting another", extra={"event": "restarted"})

    @staticmethod
    def _started(group: int, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a watchdog.  group: to join; 0: a new one."""
        return subprocess.Popen(
            [sys.executable, "-I", str(_WATCHDOG), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=group,
        )

    @staticmethod
    def _release(watchdog: "subprocess.Popen[bytes]") -> None:
        """Wait for the end of a watchdog, and close what we hold of it."""
        with watchdog:
            pass
