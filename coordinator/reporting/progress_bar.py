"""A bar over the whole run, for a person at a terminal."""

import sys
import time
from types import TracebackType
from typing import Self, TextIO

from tqdm import tqdm

from coordinator.reporting import lines
from coordinator.workers.membership import n_workers
from shared.config import TrainConfig
from shared.training.callbacks import Callback
from shared.training.gradients import GradientSource, StepResult
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState

_REFRESH = 0.1  # seconds
_LEAST = 8  # columns of the bar itself; what is said beside it is left out rather
_HEAD, _TAIL = "{desc} {percentage:3.0f}%|{bar}|", " {remaining} left"
_SIDES = (" {rate_fmt}{postfix},", " {rate_fmt},", "")  # between them, the longest that there is room for


class ProgressBar(Callback):
    """On standard error; nothing if that is no terminal.  It fits the terminal's width, also when that changes."""

    def __init__(self, config: TrainConfig, n_samples: int) -> None:
        """n_samples: of one epoch."""
        self._config, self._n_samples = config, n_samples
        self._figures = ""  # of the epoch before
        self._steps_per_epoch = config.sampler(n_samples).steps_per_epoch
        self._bar: _Fitting | None = None  # as it begins where the run does
        self._hidden = not sys.stderr.isatty()
        self._pending = 0  # samples that the bar does not know of yet
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def on_begin(self, state: TrainingState) -> None:
        """Show the bar, at once where the run stands."""
        self._show(state, self._done(state), workers=0)

    def after_step(self, state: TrainingState, result: StepResult, source: GradientSource) -> None:
        """Count a step; show it if the last refresh is a while ago."""
        self._pending += result.score.samples
        if self._hidden or (now := time.monotonic()) < self._next:
            return
        self._next = now + _REFRESH
        self._show(state, self._done(state) - self._pending, source.n_workers)

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        self._figures = f", {figures}" if (figures := lines.validation(metrics)) else ""

    def _done(self, state: TrainingState) -> int:
        """Return how many samples the run has learned from."""
        return state.epoch * self._n_samples + state.samples

    def _show(self, state: TrainingState, begin: int, workers: int) -> None:
        """begin: samples that were done when the bar is first shown, which don't count for the speed."""
        if self._hidden:
            return
        if self._bar is None:
            self._bar = _Fitting(self._n_samples * self._config.epochs, begin, sys.stderr)
        where = f"epoch {state.epoch}, step {state.step_index}/{self._steps_per_epoch}"
        self._bar.show(where, f"{self._figures}, {n_workers(workers)}" if workers else self._figures, self._pending)
        self._pending = 0


class _Unwatched(tqdm):  # type: ignore[type-arg]
    """tqdm's bar without the thread that looks after slow ones, which would stay."""

    monitor_interval = 0


class _Fitting:
    """tqdm's bar, with as much beside it as fits beside a bar that can still be seen."""

    def __init__(self, total: int, begin: int, terminal: TextIO) -> None:
        self._bar = _Unwatched(
            total=total,
            initial=begin,
            unit=" samples",
            unit_scale=True,
            leave=False,
            dynamic_ncols=True,
            file=terminal,
            bar_format=_HEAD + _TAIL,
            delay=1e-9,  # not before it is told what to show
            miniters=1,
            mininterval=_REFRESH / 2,
        )
        self._terminal = terminal
        self._columns = 0

    def show(self, description: str, postfix: str, more: int) -> None:
        """Show these texts.  more: samples since the last time."""
        bar = self._bar
        bar.desc, bar.postfix = description, postfix.removeprefix(", ")
        shape = bar.format_dict
        columns = shape["ncols"] or 80
        if columns != self._columns:
            self._begin_line_again(columns)
        for side in _SIDES:
            bar.bar_format = _HEAD + side + _TAIL
            text = bar.format_meter(**{**shape, "bar_format": bar.bar_format.replace("{bar}", ""), "ncols": None})
            if len(text) + _LEAST <= columns:
                break
        if not bar.update(more):  # which shows it by itself if the last time is a while ago
            bar.refresh()

    def close(self) -> None:
        self._bar.close()

    def _begin_line_again(self, columns: int) -> None:
        """Forget what stands in the line: spaces over what was longer than the terminal now is would begin another."""
        if self._columns:
            self._terminal.write("\r\x1b[J")
            self._bar.sp = self._bar.status_printer(self._terminal)
        self._columns = columns
