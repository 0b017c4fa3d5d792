"""A bar wherever a person can see one: in a notebook as a widget, on a terminal as a line."""

import sys
import time
import warnings
from types import TracebackType
from typing import Any, Self

from coordinator.reporting import lines
from coordinator.workers.membership import n_workers
from shared.config import TrainConfig
from shared.training.callbacks import Callback
from shared.training.gradients import GradientSource, StepResult
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState

_REFRESH = 0.2  # seconds


class AutoBar(Callback):
    """tqdm's bar over a whole training."""

    def __init__(self, config: TrainConfig, n_samples: int, shown: bool | None = None, delay: float = 0.0) -> None:
        """n_samples: of one epoch.  shown: whether, wherever that is.  delay: seconds before it is."""
        self._total, self._n_samples, self._delay = n_samples * config.epochs, n_samples, delay
        self._shown = in_notebook() or sys.stderr.isatty() if shown is None else shown
        self._bar: Any = None  # as it begins where the training does
        self._figures, self._pending, self._next = "", 0, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def on_begin(self, state: TrainingState) -> None:
        if self._shown:
            self._bar = _bar_class()(
                total=self._total,
                initial=state.epoch * self._n_samples + state.samples,
                unit=" samples",
                unit_scale=True,
                delay=self._delay,
                leave=False,
                dynamic_ncols=True,
                bar_format="{desc} {percentage:3.0f}%|{bar}| {rate_fmt}{postfix}, {remaining} left",
            )

    def after_step(self, state: TrainingState, result: StepResult, source: GradientSource) -> None:
        """Count a step; show it if the last refresh is a while ago."""
        self._pending += result.score.samples
        if self._bar is None or (now := time.monotonic()) < self._next:
            return
        self._next = now + _REFRESH
        workers = n_workers(source.n_workers) if source.n_workers else ""
        self._bar.set_description_str(f"epoch {state.epoch}", refresh=False)
        self._bar.set_postfix_str(", ".join(filter(None, (self._figures, workers))), refresh=False)
        self._bar.update(self._pending)
        self._pending = 0

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        self._figures = lines.validation(metrics) or lines.training(metrics)


def in_notebook() -> bool:
    """Tell whether this is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and "IPKernelApp" in shell.config


def _bar_class() -> Any:
    """Return tqdm's bar: in a notebook its widget, if ipywidgets is there to show it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the widget would need
        from tqdm.auto import tqdm
    # Without the thread that looks after slow bars, and would stay: ours is refreshed anyway.
    return type("Bar", (tqdm,), {"monitor_interval": 0})
