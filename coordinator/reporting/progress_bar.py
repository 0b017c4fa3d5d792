"""A bar over the whole run, for a person: on a terminal a line, in a notebook a widget."""

import sys
import time
import warnings
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

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


class _Bar(Protocol):
    """What shows the course of a run."""

    def show(self, description: str, postfix: str, more: int) -> None:
        """Show these texts.  more: samples since the last time."""
        ...

    def close(self) -> None: ...


class ProgressBar(Callback):
    """In a notebook, or else on standard error: it fits a terminal's width, also when that changes."""

    def __init__(self, config: TrainConfig, n_samples: int, shown: bool | None = None, delay: float = 0.0) -> None:
        """n_samples: of one epoch.  shown: whether; None: where a person sees it.  delay: seconds before it is."""
        self._config, self._n_samples, self._delay = config, n_samples, delay
        self._figures = ""  # of the epoch before
        self._steps_per_epoch = config.sampler(n_samples).steps_per_epoch
        self._bar: _Bar | None = None  # as it begins where the run does
        self._hidden = not (in_notebook() or sys.stderr.isatty()) if shown is None else not shown
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
        """Show the bar where the run stands: at once, if there is no delay."""
        self._next = time.monotonic() + self._delay
        if self._bar is not None:  # the run goes back
            self._bar.close()
            self._bar = None
        if not self._delay:
            self._show(state, workers=0)

    def after_step(self, state: TrainingState, result: StepResult, source: GradientSource) -> None:
        """Count a step; show it if the last refresh is a while ago."""
        self._pending += result.score.samples
        if self._hidden or (now := time.monotonic()) < self._next:
            return
        self._next = now + _REFRESH
        self._show(state, source.n_workers)

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        self._figures = lines.validation(metrics) or lines.training(metrics)

    def _show(self, state: TrainingState, workers: int) -> None:
        if self._hidden:
            return
        if self._bar is None:
            # What was done before does not count for the speed.
            total, begin = self._n_samples * self._config.epochs, state.epoch * self._n_samples + state.samples
            self._bar = _Widget(total, begin) if in_notebook() else _Fitting(total, begin, sys.stderr)
            self._pending = 0
        where = f"epoch {state.epoch}, step {state.step_index}/{self._steps_per_epoch}"
        self._bar.show(
            where, ", ".join(filter(None, (self._figures, n_workers(workers) if workers else ""))), self._pending
        )
        self._pending = 0


def in_notebook() -> bool:
    """Tell whether this is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and "IPKernelApp" in shell.config


class _Widget:
    """tqdm's bar for notebooks: a widget, if ipywidgets is there to show it, and else text."""

    def __init__(self, total: int, begin: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the widget would need
            from tqdm.auto import tqdm as auto
        # Without the thread that looks after slow bars, and would stay: ours is refreshed anyway.
        kind = type("Bar", (auto,), {"monitor_interval": 0})
        self._bar: Any = kind(
            total=total,
            initial=begin,
            unit=" samples",
            unit_scale=True,
            leave=False,
            dynamic_ncols=True,
            bar_format=_HEAD + _SIDES[0] + _TAIL,
        )

    def show(self, description: str, postfix: str, more: int) -> None:
        self._bar.set_description_str(description, refresh=False)
        self._bar.set_postfix_str(postfix, refresh=False)
        self._bar.update(more)

    def close(self) -> None:
        self._bar.close()


class Unwatched(tqdm):  # type: ignore[type-arg]
    """tqdm's bar without the thread that looks after slow ones, which would stay."""

    monitor_interval = 0


class _Fitting:
    """tqdm's bar, with as much beside it as fits beside a bar that can still be seen."""

    def __init__(self, total: int, begin: int, terminal: TextIO) -> None:
        self._bar = Unwatched(
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
        bar = self._bar
        bar.desc, bar.postfix = description, postfix
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
            self._terminal.flush()
            self._terminal.buffer.write(b"\r\x1b[J")  # below the text, whose control characters are shown
            self._terminal.buffer.flush()
            self._bar.sp = self._bar.status_printer(self._terminal)
        self._columns = columns
