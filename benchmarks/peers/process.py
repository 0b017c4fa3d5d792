"""A peer as a process, with all its descendants: it works when it is its turn, and else is stopped."""

import os
import select
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

from benchmarks.peers.descendants import end_all
from benchmarks.peers.programs.common import CANNOT

START = 120.0  # seconds until `ready`
TIMEOUT = 60.0  # seconds, beside ten times what a turn should take
END = 20.0  # seconds that a peer may take to end by itself
_PROJECT = Path(__file__).parents[2]
_MISSING = "ModuleNotFoundError"

# One BLAS thread a process, whatever library it is.
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class PeerError(Exception):
    """A peer that does not work (any more), and why."""

    def __init__(self, status: str, why: str) -> None:
        """status: skipped or crashed."""
        super().__init__(f"{status}: {why}")
        self.status, self.why = status, why


class Process:
    """A peer that is running."""

    def __init__(self, command: list[str], folder: Path, name: str) -> None:
        """Start it and wait until it is ready.  folder: for its log and temporary files.  Raises PeerError."""
        self._log = folder / f"{name}.log"
        self.peaks: dict[str, int] = {}  # bytes of memory of each process, named by role and number
        environment = {**os.environ, **dict.fromkeys(_THREADS, "1"), "TMPDIR": str(folder), "PYTHONPATH": str(_PROJECT)}
        try:
            with self._log.open("wb") as log:
                # In a group of its own, so that Ctrl-C does not reach it: we end it.
                self._process = subprocess.Popen(
                    command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, process_group=0
                )
        except OSError as error:
            raise PeerError("skipped", f"{command[0]}: {error.strerror}") from None
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self._root = psutil.Process(self._process.pid)
        self._seen = {self._root}
        if (line := self._read(START)) != "ready":
            self.kill()
            raise PeerError("crashed", f"said {line!r}, not ready")

    def take(self, steps: int, expected: float) -> float:
        """Have it take so many steps, in about the expected seconds; return the seconds.  Raises PeerError."""
        try:
            self._input.write(f"{steps}\n".encode())
            self._input.flush()
        except BrokenPipeError:
            raise self._gone() from None
        return float(self._read(TIMEOUT + 10 * expected))

    def stop(self) -> None:
        """Let it and all its descendants stand still."""
        for process in self._all():
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def go_on(self) -> None:
        for process in self._all():
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def note_memory(self) -> None:
        """Note the highest resident memory so far of every process that is there."""
        for process in self._all():
            with suppress(OSError, psutil.Error):
                status = Path(f"/proc/{process.pid}/status").read_text()
                peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
                self.peaks[f"{self._role(process)} {process.pid}"] = peak

    def end(self) -> None:
        """Let it end by itself, and make sure that it has."""
        self.go_on()
        with suppress(BrokenPipeError):
            self._input.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END)
        self.kill()

    def kill(self) -> None:
        """End it and all its descendants, also those whose parent has gone before."""
        self._all()
        end_all(list(self._seen))
        self._process.wait()

    def _all(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            processes = [self._root, *self._root.children(recursive=True)]
            self._seen.update(processes)
            return processes
        return []

    def _role(self, process: psutil.Process) -> str:
        """Return which part of a peer a process is."""
        command = " ".join(process.cmdline())
        if process == self._root:
            return "main"
        if "redis-server" in command or "valkey-server" in command:
            return "Redis"
        return "worker" if "worker/__main__.py" in command else "other"

    def _read(self, timeout: float) -> str:
        if not select.select([self._output], [], [], timeout)[0]:
            self.kill()
            raise PeerError("crashed", f"no answer in {timeout:.0f} s; last line of its log: {self._last_line()}")
        line = self._output.readline().decode().strip()
        if not line:
            raise self._gone()
        return line

    def _gone(self) -> PeerError:
        """Return why it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END)
        self.kill()
        line, code = self._last_line(), self._process.returncode
        if code == CANNOT or line.startswith(_MISSING):
            return PeerError("skipped", line.removeprefix(f"{_MISSING}: "))
        return PeerError("crashed", f"exit code {code}; last line of its log: {line}")

    def _last_line(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1].strip()[:200] if lines else "none"
