"""A bar over the whole run, and a line after each epoch."""

import sys
import time
import warnings
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

from coordinator.gradients.base import GradientSource, StepResult
from coordinator.reporting import lines
from coordinator.reporting.log_handlers import results
from coordinator.training.callbacks import Callback
from coordinator.training.metrics import EpochMetrics
from coordinator.training.state import TrainingState
from coordinator.workers.membership import n_workers
from shared.config import TrainConfig

_REFRESH = 0.1  # seconds


class ProgressBar(Callback):
    """On standard error, and only on a terminal or in a notebook; the lines always, on standard output."""

    def __init__(self, config: TrainConfig, n_samples: int, shown: bool | None = None, delay: float = 0.0) -> None:
        """n_samples: of one epoch.  shown: whether, wherever that is.  delay: seconds before it is."""
        self._config, self._n_samples = config, n_samples
        self._figures = ""  # of the epoch before
        self._steps_per_epoch = config.sampler(n_samples).steps_per_epoch
        notebook = _in_notebook()
        self._bar = _bar_class(notebook)(
            total=n_samples * config.epochs,
            unit=" samples",
            unit_scale=True,
            disable=not (notebook or sys.stderr.isatty() if shown is None else shown),
            delay=delay,
            leave=False,
            dynamic_ncols=True,
            bar_format="{desc} {percentage:3.0f}%|{bar}| {rate_fmt}{postfix}, {remaining} left",
        )
        self._pending = 0  # samples that the bar does not know of yet
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def on_begin(self, state: TrainingState) -> None:
        done = state.epoch * self._n_samples + state.samples
        self._bar.update(done)
        self._bar.initial = done  # which doesn't count for the speed

    def after_step(self, state: TrainingState, result: StepResult, source: GradientSource) -> None:
        """Count a step; show it if the last refresh is a while ago."""
        self._pending += result.score.samples
        if self._bar.disable or (now := time.monotonic()) < self._next:
            return
        self._next = now + _REFRESH
        self._bar.set_description_str(
            f"epoch {state.epoch}, step {state.step_index}/{self._steps_per_epoch}", refresh=False
        )
        self._bar.set_postfix_str(f"{self._figures}{n_workers(source.n_workers)}", refresh=False)
        self._bar.update(self._pending)
        self._pending = 0

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        self._bar.update(self._pending)
        self._pending = 0
        self._figures = f"{figures}, " if (figures := lines.validation(metrics)) else ""
        results.info(lines.epoch(self._config, metrics), extra=asdict(metrics))


def _in_notebook() -> bool:
    """Tell whether this is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and "IPKernelApp" in shell.config


def _bar_class(notebook: bool) -> Any:
    """Return tqdm, or in a notebook its widget, if ipywidgets is there to show it."""
    found: Any = tqdm
    if notebook:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the widget would need
            from tqdm.auto import tqdm as found
    # Without the thread that looks after slow bars, and would stay: ours is refreshed anyway.
    return type("Bar", (found,), {"monitor_interval": 0})
