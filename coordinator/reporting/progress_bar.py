"""What a person sees of a run: a bar on a terminal, the seed's lines, and what happens besides."""

import logging
import sys
import time
from dataclasses import asdict
from types import TracebackType
from typing import Self, TextIO

from tqdm import tqdm

from coordinator.runs.run import EpochMetrics
from coordinator.workers.membership import n_workers
from shared import logs

_REFRESH = 0.1  # seconds

results = logging.getLogger("gradmq.results")


def start_logging() -> None:
    """Write results to standard output and what happens besides to standard error, both above the bar."""
    if results.handlers:
        return
    events = _AboveTheBar(sys.stderr)
    logs.prepare(events)
    logging.root.addHandler(events)
    logging.getLogger("coordinator").setLevel(logging.INFO)

    lines = _AboveTheBar(sys.stdout)
    if logs.log_format() == "json":
        logs.prepare(lines)
    results.addHandler(lines)
    results.setLevel(logging.INFO)
    results.propagate = False


class _AboveTheBar(logging.Handler):
    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(self.format(record), file=self._file)
        self._file.flush()


class Progress:
    """A bar over the whole run, on standard error and only on a terminal."""

    def __init__(self, n_samples: int, steps_per_epoch: int, epochs: int) -> None:
        """n_samples: of one epoch."""
        self._steps = steps_per_epoch
        self._bar = tqdm(
            total=n_samples * epochs,
            unit=" samples",
            unit_scale=True,
            disable=not sys.stderr.isatty(),
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

    def begin(self, n_samples: int) -> None:
        """Start where a run goes on: so many samples were done before."""
        self._bar.update(n_samples)
        self._bar.initial = n_samples  # which don't count for the speed

    def step(self, epoch: int, step: int, n_samples: int, workers: int) -> None:
        """Count a step; show it if the last refresh is a while ago."""
        self._pending += n_samples
        if self._bar.disable or (now := time.monotonic()) < self._next:
            return
        self._next = now + _REFRESH
        self._bar.set_description_str(f"epoch {epoch}, step {step}/{self._steps}", refresh=False)
        self._bar.set_postfix_str(n_workers(workers), refresh=False)
        self._bar.update(self._pending)
        self._pending = 0

    def epoch(self, metrics: EpochMetrics) -> None:
        """Print the seed's line."""
        self._bar.update(self._pending)
        self._pending = 0
        results.info(metrics, extra=asdict(metrics))
