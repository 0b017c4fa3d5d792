"""What a run is watched with: none of it changes a bit, and none can stop the run."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from coordinator.reporting.csv_file import CsvFile
from coordinator.reporting.csv_file import check as check_csv
from coordinator.reporting.mlflow_run import MlflowRun
from coordinator.reporting.mlflow_server import MlflowServer
from coordinator.reporting.prometheus import PrometheusMetrics
from coordinator.reporting.tensorboard import TensorBoardEvents
from shared.config import TrainConfig
from shared.data.samples import KnownSamples
from shared.errors import RunError
from shared.metrics_endpoint import LOOPBACK, check_endpoint
from shared.training.callbacks import Callback
from shared.training.gradients import WatchedSource
from shared.training.metrics import EpochMetrics

log = logging.getLogger(__name__)

IN_THE_RUN = ""  # TensorBoard's event files: in the run's own folder


@dataclass(frozen=True)
class Watched:
    """The run, as far as who watches it needs it."""

    name: str
    folder: Path
    config: TrainConfig
    training: KnownSamples
    recorded: Sequence[EpochMetrics]  # its epochs, kept up to date
    source: WatchedSource


@dataclass(frozen=True, kw_only=True)
class Watching:
    """Options of `train` and `resume`."""

    tensorboard: str | Path | None = None  # a folder that gets one for each run, or IN_THE_RUN
    csv: str | Path | None = None
    mlflow: str | None = None  # the server's address
    metrics_port: int | None = None  # for Prometheus
    metrics_host: str = LOOPBACK

    def check(self) -> None:
        """Raise ConfigError, QueueError or RunError for what cannot work, before a run begins."""
        if self.tensorboard is not None and find_spec("tensorboardX") is None:
            raise RunError(
                "--tensorboard needs tensorboardX, which is not installed: pip install 'gradmq[tensorboard]'"
            )
        if self.csv is not None:
            check_csv(Path(self.csv))
        if self.mlflow is not None:
            MlflowServer(self.mlflow)
        if self.metrics_port is not None:
            check_endpoint(self.metrics_host, self.metrics_port)

    @contextmanager
    def callbacks(self, run: Watched) -> Iterator[list[Callback]]:
        """Give those who listen, for the time of the run."""
        found: list[Callback] = []
        how = "FAILED"
        with ExitStack() as stack:
            if self.csv is not None:
                found.append(CsvFile(Path(self.csv), run.name, run.recorded))
            if self.tensorboard is not None:
                folder = Path(self.tensorboard) / run.name if self.tensorboard else run.folder / "tensorboard"
                events = TensorBoardEvents(folder, run.config, run.recorded)
                stack.callback(_close, events.close)
                found.append(events)
            if self.metrics_port is not None:
                served = PrometheusMetrics(
                    *(self.metrics_host, self.metrics_port, run.config, run.training, run.recorded, run.source)
                )
                stack.callback(_close, served.close)
                found.append(served)
            if self.mlflow is not None:
                told = MlflowRun(MlflowServer(self.mlflow), run.name, run.config, run.recorded)
                stack.callback(_close, lambda: told.close(how))
                found.append(told)
            try:
                yield found
                how = "FINISHED"
            except KeyboardInterrupt:
                how = "KILLED"
                raise


def _close(close: Callable[[], None]) -> None:
    """Close who has listened; what goes wrong then is said, and no more."""
    try:
        close()
    except Exception as error:
        log.warning("at the end: %s: %s", type(error).__name__, error)
