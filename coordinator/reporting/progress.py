"""How far a run is: as a bar on a terminal, as lines anywhere else, or not at all."""

from contextlib import AbstractContextManager, nullcontext

from coordinator.reporting.log_handlers import is_quiet
from coordinator.reporting.progress_bar import ProgressBar, can_be_seen
from coordinator.reporting.status_lines import StatusLines
from coordinator.training.callbacks import Callback
from shared.config import TrainConfig
from shared.data.samples import KnownSamples


def progress(config: TrainConfig, training: KnownSamples) -> AbstractContextManager[Callback]:
    """Return who shows it, for the time of a block."""
    if is_quiet():
        return nullcontext(Callback())
    if can_be_seen():
        return ProgressBar(config, len(training))
    return nullcontext(StatusLines(config, training))
