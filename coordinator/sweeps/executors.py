"""Who computes the runs of a sweep: workers (`remote`), or this process."""

import logging
from collections import deque
from typing import Protocol

from coordinator.sweeps.trials import Ended, WantedRun
from shared.errors import GradMQError
from shared.nn.arithmetic import one_thread
from shared.training.whole_run import learn, why_failed

log = logging.getLogger(__name__)


class Executor(Protocol):
    """Takes runs, and gives back what they have learned."""

    def wants_more(self) -> bool:
        """Tell whether another run should be given now: so many at a time that nobody waits."""
        ...

    def give(self, run: WantedRun) -> None:
        """Have a run computed."""
        ...

    def cancel(self, name: str) -> None:
        """Forget a run: its trial has failed."""
        ...

    def wait(self) -> list[Ended]:
        """Return runs that have ended, after a second if there is none."""
        ...

    @property
    def status(self) -> str:
        """What is going on, in a few words."""
        ...

    def close(self) -> None:
        """Leave nothing behind."""
        ...


class InProcess:
    """Computes the runs here, one after the other."""

    def __init__(self) -> None:
        self._runs: deque[WantedRun] = deque()

    def wants_more(self) -> bool:
        return not self._runs

    def give(self, run: WantedRun) -> None:
        self._runs.append(run)

    def cancel(self, name: str) -> None:
        self._runs = deque(run for run in self._runs if run.name != name)

    def wait(self) -> list[Ended]:
        if not self._runs:
            return []
        run = self._runs.popleft()
        try:
            with one_thread():
                return [Ended(run.name, learn(run.prepared.config, run.prepared.dataset(), run.least))]
        except Exception as error:  # others may do better
            reason = why_failed(error)
            if not isinstance(error, GradMQError | MemoryError):
                log.exception("%s: %s", run.name, reason)
            return [Ended(run.name, reason=reason)]

    @property
    def status(self) -> str:
        return "in this process"

    def close(self) -> None:
        """There is nothing to leave."""
