"""Event files for TensorBoard.

tensorboardX writes them. Of it we use what writes one event at a time: its `SummaryWriter` hands them to a thread by
way of a queue that, should the disk be full, fills and blocks.
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coordinator.reporting.figures import figures
from shared.config import TrainConfig
from shared.errors import UnwritableError
from shared.training.callbacks import Callback
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState


class TensorBoardEvents(Callback):
    """The figures of each epoch, over its number, and the run's options as a text.

    A run that goes on begins another file with all of its epochs so far; TensorBoard drops those that it had of it.
    """

    optional = True

    def __init__(self, folder: Path, config: TrainConfig, recorded: Sequence[EpochMetrics]) -> None:
        """folder: for this run alone.  recorded: the run's epochs, kept up to date."""
        self._folder, self._config, self._recorded = folder, config, recorded
        self._file: Any = None

    def on_begin(self, state: TrainingState) -> None:
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto.event_pb2 import Event, SessionLog
        from tensorboardX.summary import text

        self.close()  # the file of before, if the run goes back
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # A file of its own, also for who goes on within a second.
            self._file = EventsWriter(str(self._folder / "events"), f".{time.time_ns()}")
        except OSError as error:
            raise self._unwritable(error) from None
        self._write(Event(session_log=SessionLog(status=SessionLog.START), step=0))  # which makes it drop the others
        options = json.dumps(self._config.to_json(), indent=2)
        self._write(Event(summary=text("configuration", f"```json\n{options}\n```"), step=0))
        began = time.time() - sum(metrics.seconds for metrics in self._recorded[: state.epoch])
        for metrics in self._recorded[: state.epoch]:
            began += metrics.seconds
            self._add(metrics, began)
        self._flush()

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        self._add(metrics, time.time())
        self._flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _add(self, metrics: EpochMetrics, when: float) -> None:
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.summary import scalar

        for name, value in figures(metrics).items():
            self._write(Event(summary=scalar(name, value), step=metrics.epoch), when)

    def _write(self, event: Any, when: float | None = None) -> None:
        event.wall_time = time.time() if when is None else when
        try:
            self._file.write_event(event)
        except OSError as error:
            raise self._unwritable(error) from None

    def _flush(self) -> None:
        try:
            self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> UnwritableError:
        message = f"{self._folder} cannot be written: {error.strerror or error}; check disk and permissions"
        return UnwritableError(message, error)
