"""A run in MLflow: its options, the figures of its epochs, how it ended."""

import logging
import math
import os
import threading
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue

from coordinator.reporting.figures import figures
from coordinator.reporting.mlflow_server import MlflowError, MlflowServer
from shared.config import TrainConfig
from shared.training.callbacks import Callback
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState

_TAG = "gradmq.run"  # by which a run that goes on finds itself again
_ALWAYS = "seconds"  # a figure that every epoch has
_AT_ONCE = 50  # epochs in a request, which may have a thousand figures
_PAUSE = 5.0  # seconds between two attempts while the server is away
_END = 10.0  # seconds that the server may take for all that is left at the end
_LONGEST = 500  # characters of an option's value that every server takes

log = logging.getLogger(__name__)


class MlflowRun(Callback):
    """A thread speaks with the server, so that nobody waits for it; while it is away epochs are kept for later.

    What the server has already is not sent again: a run that goes on is the same run there, and its figures, which
    are the same bits, are there once.
    """

    optional = True

    def __init__(self, server: MlflowServer, run: str, config: TrainConfig, recorded: Sequence[EpochMetrics]) -> None:
        """run: its name.  recorded: the run's epochs, kept up to date."""
        self._server, self._name, self._config, self._recorded = server, run, config, recorded
        self._heard = SimpleQueue[tuple[EpochMetrics, int] | None]()  # each with its time; None: it is over
        self._pending: list[tuple[EpochMetrics, int]] = []
        self._run = ""  # the server's name for it, once that is known
        self._away = False
        self._status = "RUNNING"
        self._thread = threading.Thread(target=self._work, name="gradmq-mlflow", daemon=True)

    def on_begin(self, state: TrainingState) -> None:
        if self._thread.is_alive():  # the run goes back: later values of its figures replace those that are there
            return
        for metrics in self._recorded[: state.epoch]:
            self._heard.put((metrics, _now()))
        self._thread.start()

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        self._heard.put((metrics, _now()))

    def close(self, status: str) -> None:
        """Say how the run ended, as `MlflowServer.update_run` takes it, and send what is left, if that can be done."""
        if not self._thread.is_alive():
            return
        self._status = status
        self._heard.put(None)
        self._thread.join(_END)
        if self._pending:
            log.warning("%d epochs are missing in MLflow at %s", len(self._pending), self._server.shown)

    def _work(self) -> None:
        over = False
        wait: float | None = 0.0  # at first: the run is to be seen there before its first epoch is over
        while not over:
            over = self._take(wait)
            if over and self._away:
                return  # who has been away does not keep us from ending
            try:
                self._send(over)
                self._away, wait = False, None
            except MlflowError as error:
                if not self._away:
                    log.warning("MLflow at %s: %s; the run goes on", self._server.shown, error)
                self._away, wait = True, _PAUSE

    def _take(self, wait: float | None) -> bool:
        """Wait so long, in seconds, or for something to send; tell whether the run is over.  wait: None: for ever."""
        try:
            heard = self._heard.get(timeout=wait)
            while heard is not None:
                self._pending.append(heard)
                heard = self._heard.get_nowait()
        except Empty:
            return False
        return True

    def _send(self, over: bool) -> None:
        if not self._run:
            self._begin()
        while self._pending:
            some = self._pending[:_AT_ONCE]
            told = [
                {"key": name, "value": value, "timestamp": when, "step": metrics.epoch}
                for metrics, when in some
                for name, value in figures(metrics).items()
                if math.isfinite(value)
            ]
            self._server.log(self._run, told, tags={"gradmq.weights_sha256": some[-1][0].weights_sha256})
            del self._pending[: len(some)]
        if over:
            self._server.update_run(self._run, self._status, _now())

    def _begin(self) -> None:
        """Find the run, or make it, and leave out what it has."""
        server = self._server
        experiment = server.experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME") or "gradmq")
        run = server.find_run(experiment, _TAG, self._name)
        if run is None:
            run = server.create_run(experiment, self._name, {_TAG: self._name, "mlflow.source.name": "gradmq"}, _now())
        else:
            server.update_run(run, "RUNNING")
            there = server.steps_of(run, _ALWAYS)
            self._pending = [(metrics, when) for metrics, when in self._pending if metrics.epoch not in there]
        # An option that has another value already is refused, so a longer run keeps the number of epochs it began with.
        options = {name: str(value)[:_LONGEST] for name, value in self._config.to_json().items() if name != "epochs"}
        server.log(run, params=options)
        self._run = run


def _now() -> int:
    """Return milliseconds since 1970, as MLflow counts."""
    return time.time_ns() // 1_000_000
