"""What a person sees of a run: a bar on a terminal, and the seed's lines everywhere."""

import sys
import time
from types import TracebackType
from typing import Self

from tqdm import tqdm

from coordinator.run import EpochMetrics

_REFRESH = 0.1  # seconds


class Progress:
    """A bar over the whole run (standard error, only on a terminal) and a line an epoch (standard output)."""

    def __init__(self, n_samples: int, batches_per_epoch: int, epochs: int) -> None:
        """n_samples: of one epoch."""
        self._batches = batches_per_epoch
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

    def step(self, epoch: int, batch: int, n_samples: int, workers: int) -> None:
        """Count a step; show it if the last refresh is a while ago."""
        self._pending += n_samples
        if self._bar.disable or (now := time.monotonic()) < self._next:
            return
        self._next = now + _REFRESH
        self._bar.set_description_str(f"epoch {epoch}, mini-batch {batch}/{self._batches}", refresh=False)
        self._bar.set_postfix_str(f"{workers} worker{'' if workers == 1 else 's'}", refresh=False)
        self._bar.update(self._pending)
        self._pending = 0

    def epoch(self, metrics: EpochMetrics) -> None:
        """Print the seed's line."""
        self._bar.update(self._pending)
        self._pending = 0
        self.say(str(metrics))

    def say(self, line: str) -> None:
        """Print a line to standard output, above the bar."""
        self._bar.write(line, file=sys.stdout)
        sys.stdout.flush()

    def notify(self, line: str) -> None:
        """Print a line that is no result to standard error, above the bar."""
        self._bar.write(f"gradmq: {line}", file=sys.stderr)
