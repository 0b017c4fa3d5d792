"""A process of the embedded cluster that is started again when it ends."""

import logging
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from shared.errors import QueueError
from shared.parent_death import ending_with_us

_SHORT_LIFE = 10.0  # seconds; a process that ends sooner never worked
_MOST_SHORT_LIVES = 3  # in a row, before we give up
_KILLED = (-signal.SIGKILL, -signal.SIGTERM)  # exit codes

log = logging.getLogger(__name__)


class RestartPolicy:
    """Whether to start again what has ended: not if it ends as soon as it starts, again and again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._short_lives = 0  # in a row

    def started(self) -> None:
        self._started = self._clock()

    def allows(self, exit_code: int) -> bool:
        """Tell whether to start the process again, which has just ended with that exit code."""
        # Who was killed from outside may come again as often as it takes.
        if exit_code in _KILLED:
            return True
        short = self._clock() - self._started < _SHORT_LIFE
        self._short_lives = self._short_lives + 1 if short else 0
        return self._short_lives < _MOST_SHORT_LIVES


class SupervisedProcess:
    """A running process, and what it takes to start it again."""

    def __init__(
        self,
        name: str,
        command: list[str],
        log_file: Path,
        environment: dict[str, str],
        inherited: Sequence[int],
        group: int,
    ) -> None:
        """Start it.  inherited: descriptors that it gets from us.  group: the process group to join."""
        self.name, self.log_file = name, log_file
        self._command, self._environment, self._inherited, self._group = command, environment, inherited, group
        self._restarts = RestartPolicy()
        self._start()

    def supervise(self) -> None:
        """Start it again if it has ended.  Raises QueueError if it ends as soon as it starts, again and again."""
        code = self.process.poll()
        if code is None:
            return
        if not self._restarts.allows(code):
            raise QueueError(f"{self.name} ends as soon as it starts (exit code {code}); see {self.log_file}")
        about = {"event": "restarted"}
        log.warning("%s has ended (exit code %d); starting it again", self.name, code, extra=about)
        self._start()

    def _start(self) -> None:
        with self.log_file.open("ab") as log_file:
            self.process = subprocess.Popen(
                ending_with_us(self._command),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=log_file,
                pass_fds=self._inherited,
                process_group=self._group,
            )
        self._restarts.started()
