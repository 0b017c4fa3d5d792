"""A run's metrics for Prometheus.

Whatever can be read when Prometheus asks is read then, by another thread. What changes with each step that thread
would find in the middle of a change: of it the loop's thread leaves a picture now and then.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from coordinator.reporting.figures import figures
from coordinator.reporting.running import RunningFigures
from shared.accounting import EpochCounts, WorkerCounts
from shared.config import TrainConfig
from shared.data.samples import KnownSamples
from shared.durations import Durations
from shared.errors import QueueError
from shared.metrics_endpoint import Endpoint, Histogram, Metric
from shared.training.callbacks import Callback
from shared.training.gradients import GradientSource, StepResult, WatchedSource
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState

_PICTURE = 0.25  # seconds of training between two pictures
_REDIS = 1.0  # seconds that Redis may take to answer


@dataclass(frozen=True)
class _Picture:
    """How far a run was."""

    epochs: int = 0
    steps: int = 0
    requests: int = 0
    retries: int = 0
    replies: WorkerCounts = field(default_factory=WorkerCounts)
    accuracy: dict[str, float] = field(default_factory=dict)  # by the samples' part
    cost: dict[str, float] = field(default_factory=dict)
    r2: dict[str, float] = field(default_factory=dict)
    learning_rate: float | None = None


class PrometheusMetrics(Callback):
    """Served for the time of the run; counts go on where those of the run were before it was resumed."""

    optional = True

    def __init__(
        self,
        host: str,
        port: int,
        config: TrainConfig,
        training: KnownSamples,
        recorded: Sequence[EpochMetrics],
        source: WatchedSource,
    ) -> None:
        """recorded: the run's epochs, kept up to date."""
        self._host, self.port = host, port
        self._config, self._recorded, self._source = config, recorded, source
        self._steps_per_epoch = config.sampler(len(training)).steps_per_epoch
        self._running = RunningFigures(config, training)
        self._durations = Durations()
        self._seconds = self._next = 0.0  # of the epoch: at the step before, and at the next picture
        self._before = EpochCounts()  # of all finished epochs
        self._last: dict[str, float] = {}  # figures of the last of them
        self._picture = _Picture()
        self._endpoint: Endpoint | None = None
        self._redis = None
        if source.redis_url is not None:
            from shared.messaging.client import client  # see coordinator.session

            self._redis = client(source.redis_url, _REDIS)

    def on_begin(self, state: TrainingState) -> None:
        self._before = EpochCounts()
        for metrics in self._recorded[: state.epoch]:
            self._finish(metrics)
        self._seconds = state.seconds
        self._draw(state)
        if self._endpoint is not None:  # the run goes back
            return
        try:
            self._endpoint = Endpoint(self._host, self.port, self._collect)
            self.port = self._endpoint.port
        except OSError as error:
            raise QueueError(f"no metrics on port {self.port}: {error.strerror or error}") from None

    def after_step(self, state: TrainingState, result: StepResult, source: GradientSource) -> None:
        seconds = state.seconds
        self._durations.add(seconds - self._seconds)
        self._seconds = seconds
        if seconds >= self._next:
            self._draw(state)

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        self._finish(metrics)
        self._seconds = 0.0
        self._draw(state)

    def close(self) -> None:
        if self._endpoint is not None:
            self._endpoint.close()
        if self._redis is not None:
            self._redis.close()

    def _finish(self, metrics: EpochMetrics) -> None:
        self._before.add(EpochCounts.from_json(metrics.ledger))
        self._last = figures(metrics)

    def _draw(self, state: TrainingState) -> None:
        self._next = state.seconds + _PICTURE
        counts = EpochCounts()
        counts.add(self._before)
        counts.add(state.counts)
        accuracy, cost = self._of_last("accuracy/"), self._of_last("cost/")
        if (running := self._running.of(state)) is not None:
            right, cost["training"] = running
            if right is not None:
                accuracy["training"] = right
        self._picture = _Picture(
            epochs=state.epoch,
            steps=state.epoch * self._steps_per_epoch + state.step_index,
            requests=counts.requests,
            retries=counts.retried,
            replies=counts.total,
            accuracy=accuracy,
            cost=cost,
            r2=self._of_last("r2/"),
            learning_rate=self._last.get("learning_rate"),
        )

    def _of_last(self, measure: str) -> dict[str, float]:
        """Return a measure of the last finished epoch, by the samples' part."""
        return {name.removeprefix(measure): its for name, its in self._last.items() if name.startswith(measure)}

    def _collect(self) -> Iterator[Metric | Histogram]:
        seen, source, durations = self._picture, self._source, self._durations
        replies = seen.replies
        outcomes = {name: float(getattr(replies, name)) for name in ("answered", "duplicate", "late", "rejected")}
        yield Metric("counter", "gradmq_steps", "Steps that were taken.", seen.steps)
        yield Metric("gauge", "gradmq_steps_planned", "Steps of all of the run's epochs.", self._planned)
        yield Metric("counter", "gradmq_epochs", "Epochs that are finished.", seen.epochs)
        yield Metric("counter", "gradmq_samples", "Samples that were learned from.", replies.samples)
        yield Metric("counter", "gradmq_samples_evaluated", "Samples that were evaluated.", replies.evaluated)
        yield Histogram("gradmq_step_duration_seconds", "What a step takes.", [*durations.counts], durations.total)
        yield Metric(
            *("gauge", "gradmq_accuracy_ratio", "Share of samples that were right: of the last epoch, or of this one"),
            *(seen.accuracy, "part"),
        )
        yield Metric("gauge", "gradmq_cost", "The cost of a sample in the mean, likewise.", seen.cost, "part")
        yield Metric("gauge", "gradmq_r2_ratio", "R² of numbers to be predicted, likewise.", seen.r2, "part")
        yield Metric("gauge", "gradmq_learning_rate", "Of the last epoch's last step.", seen.learning_rate)
        yield Metric("counter", "gradmq_requests", "Requests to workers.", seen.requests)
        yield Metric("counter", "gradmq_retries", "Requests that were sent again.", seen.retries)
        yield Metric("counter", "gradmq_replies", "Replies of workers.", outcomes, "outcome")
        yield Metric("gauge", "gradmq_workers", "Workers that take part.", source.n_workers)
        yield Metric("gauge", "gradmq_workers_excluded", "Workers that get no more work.", len(source.excluded))
        yield Metric("gauge", "gradmq_leases_wanted", "Workers that would get a lease now.", source.leases_wanted)
        yield from self._of_redis()

    @property
    def _planned(self) -> int:
        return self._config.epochs * self._steps_per_epoch

    def _of_redis(self) -> Iterator[Metric]:
        if self._redis is None:
            return
        told: dict[str, float] = {}
        with suppress(QueueError):
            told = self._redis.info()
        yield Metric("gauge", "gradmq_redis_up", "Whether Redis tells how it is.", float(bool(told)))
        for kind, name, what, field_name in (
            ("gauge", "memory_bytes", "Memory that Redis uses.", "used_memory"),
            ("counter", "received_bytes", "Bytes that Redis was sent, by anybody.", "total_net_input_bytes"),
            ("counter", "sent_bytes", "Bytes that Redis sent, to anybody.", "total_net_output_bytes"),
        ):
            yield Metric(kind, f"gradmq_redis_{name}", what, told.get(field_name))
