"""How far a sweep is: a line for each trial, and a bar on a terminal, or a line every few seconds anywhere else."""

import sys
import time
from collections.abc import Callable

from coordinator.reporting.lines import duration
from coordinator.reporting.log_handlers import course, is_quiet
from coordinator.reporting.progress_bar import FITTING, Unwatched
from coordinator.sweeps.folder import SweepFolder
from coordinator.sweeps.results import figure, line, monitor_name
from coordinator.sweeps.trials import Trial

_EVERY = 10.0  # seconds between two lines
_BAR = "{desc} {percentage:3.0f}%|{bar}|"
_WIDE = 100  # columns of a terminal that has room for all


class SweepProgress:
    """On standard output a line for each trial, on standard error the bar."""

    def __init__(self, sweep: SweepFolder, clock: Callable[[], float] = time.monotonic) -> None:
        self._sweep, self._clock = sweep, clock
        self._total, self._before = sweep.definition.n_trials, len(sweep.trials)
        self._began = self._said = clock()
        self._bar: Unwatched | None = None
        if sys.stderr.isatty() and not is_quiet():
            self._bar = Unwatched(total=self._total, initial=self._before, bar_format=_BAR, **FITTING)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def after_trial(self, trial: Trial) -> None:
        """Tell of a trial that has come out."""
        course.info(line(self._sweep, trial), extra={"trial": trial.to_json()})
        self._said = self._clock()

    def meanwhile(self, status: str) -> None:
        """Tell what is going on, if that is due.  status: in a few words."""
        done = len(self._sweep.trials)
        if self._bar is not None:
            self._bar.n = done
            self._bar.desc = f"{done} of {self._total} trials"
            wide = (self._bar.format_dict["ncols"] or 80) >= _WIDE
            said = status, self._best() if wide else "", self._left(done)
            self._bar.bar_format = f"{_BAR} {', '.join(filter(None, said))}"
            self._bar.refresh()
        elif self._clock() - self._said > _EVERY:
            self._said = self._clock()
            course.info(", ".join(filter(None, (f"{done} of {self._total} trials", status, self._best()))))

    def _best(self) -> str:
        best = self._sweep.best_trial()
        if best is None:
            return ""
        return f"best trial {best.trial} ({monitor_name(self._sweep)} {figure(best.score)})"

    def _left(self, done: int) -> str:
        new = done - self._before
        if not new:
            return ""
        return f"{duration((self._clock() - self._began) / new * (self._total - done))} left"
