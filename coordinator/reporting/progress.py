"""How far a run is: as a bar on a terminal or in a notebook, as lines anywhere else, or not at all."""

import sys
from contextlib import AbstractContextManager, nullcontext

from coordinator.reporting.log_handlers import is_quiet
from coordinator.reporting.progress_bar import ProgressBar, in_notebook
from coordinator.reporting.status_lines import StatusLines
from shared.config import TrainConfig
from shared.data.samples import KnownSamples
from shared.training.callbacks import Callback


def progress(config: TrainConfig, training: KnownSamples) -> AbstractContextManager[Callback]:
    """Return who shows it, for the time of a block."""
    if is_quiet():
        return nullcontext(Callback())
    if in_notebook() or sys.stderr.isatty():
        return ProgressBar(config, len(training))
    return nullcontext(StatusLines(config, training))
