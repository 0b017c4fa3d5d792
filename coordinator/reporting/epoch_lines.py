"""A line after each epoch, on standard output."""

from dataclasses import asdict

from coordinator.reporting import lines
from coordinator.reporting.log_handlers import course
from shared.config import TrainConfig
from shared.training.callbacks import Callback
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState


class EpochLines(Callback):
    """As JSON it has the epoch's figures as fields."""

    def __init__(self, config: TrainConfig) -> None:
        self._config = config

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        course.info(lines.epoch(self._config, metrics), extra=asdict(metrics))
