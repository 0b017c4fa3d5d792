"""A run, put together and taken apart: cluster, transport, gradient source, and who listens.

What needs a queue is imported where it is used: Celery and redis-py take a third of a second, which who computes in one
process, verifies or only looks would wait for in vain.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from coordinator.cluster.redis_server import redis_server
from coordinator.reporting.epoch_lines import EpochLines
from coordinator.reporting.heartbeat import Heartbeat
from coordinator.reporting.log_handlers import course
from coordinator.reporting.progress import progress
from coordinator.reporting.watching import Watched, Watching
from coordinator.runs.event_log import EventLog
from coordinator.runs.going_back import GoingBack
from coordinator.runs.recorder import Recorder
from coordinator.runs.run import RunFolder
from coordinator.workers.membership import n_workers
from shared import logs
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.environment import SHORT, n_cores
from shared.errors import ConfigError
from shared.fixed_problem import check_arithmetic
from shared.health_file import health_file
from shared.messaging.addresses import broker_url, redis_url
from shared.nn.arithmetic import one_thread, quiet
from shared.signals import interruptible, uninterrupted
from shared.training.callbacks import Callback, Callbacks
from shared.training.gradients import GradientSource, RunGradients
from shared.training.in_process import InProcessGradients
from shared.training.liars import LiarsNamedError
from shared.training.loop import train
from shared.training.state import TrainingState

_LOST = 2.0**-8  # size of the derivatives that may be lost without a word; those of a last layer are 1/4 at most
AUDITORS = "coordinator", "workers"
MOST_WORKERS = 256  # processes on this machine; more would only be a typing error


log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What a run is computed with: nothing of it changes the bits."""

    workers: int | None = None  # local processes on an embedded cluster; default: one a core; 0: this process
    redis: str | None = None  # instead: the Redis where workers are
    broker: str | None = None  # Celery's, if it is not that Redis
    batches_per_task: int | None = None  # steps of a window; default: about a second of work
    audit: float = 0.0  # share of the replies that are computed again
    audit_by: str = "coordinator"  # who computes them again, of AUDITORS
    flower_port: int | None = None
    watching: Watching = field(default_factory=Watching)

    def __post_init__(self) -> None:
        """Check every option by itself.  Raises ConfigError."""
        if self.batches_per_task is not None and self.batches_per_task < 1:
            raise ConfigError("batches_per_task", self.batches_per_task, "must be at least 1")
        if self.workers is not None and not 0 <= self.workers <= MOST_WORKERS:
            raise ConfigError("workers", self.workers, f"must be between 0 and {MOST_WORKERS}")
        if self.workers is not None and self.redis is not None:
            rule = "starts a Redis of its own, and --redis uses another"
            raise ConfigError("workers", self.workers, rule, "give one of them")
        if self.broker is not None and self.redis is None:
            raise ConfigError("broker", self.broker, "goes with --redis; the embedded cluster has a broker of its own")
        if self.flower_port is not None and (self.redis is not None or self.workers == 0):
            raise ConfigError("flower", self.flower_port, "shows the workers that this run starts, and it starts none")
        if self.workers == 0:
            self._check_alone()
        if not 0 <= self.audit <= 1:
            hint = "0.01 checks one reply in a hundred"
            raise ConfigError("audit", self.audit, "must be between 0 and 1", hint)
        if self.audit_by not in AUDITORS:
            raise ConfigError("audit_by", self.audit_by, f"must be one of {', '.join(AUDITORS)}")
        if self.audit_by != AUDITORS[0] and not self.audit:
            hint = "give also --audit, like --audit 0.01"
            raise ConfigError("audit_by", self.audit_by, "tells who checks replies, and none are checked", hint)

    def _check_alone(self) -> None:
        """Raise ConfigError for what would do nothing in this process alone."""
        hint = "leave it out, or --workers 0"
        if self.batches_per_task is not None:
            rule = "is the length of tasks for workers, and with --workers 0 there are none"
            raise ConfigError("batches_per_task", self.batches_per_task, rule, hint)
        for name, value in (("audit", self.audit or None), ("audit_by", self.audit_by)):
            if value not in (None, AUDITORS[0]):
                rule = "is about the replies of workers, and with --workers 0 there are none"
                raise ConfigError(name, value, rule, hint)

    def check_queue(self) -> None:
        """Raise an error unless what was given lets us in, and what is to be started here can be."""
        self.watching.check()
        if self.redis is None and self.workers == 0:
            return
        from coordinator.cluster.preflight import check_broker, check_flower, check_redis

        if self.redis is not None:
            check_redis(redis_url(self.redis))
        else:
            redis_server()
        if self.broker is not None:
            check_broker(self.broker)
        if self.flower_port is not None:
            check_flower(self.flower_port)


def run_training(
    run: RunFolder,
    dataset: Dataset,
    data: Path,
    state: TrainingState,
    options: RunOptions,
    callbacks: Sequence[Callback] = (),
) -> None:
    """Train from the state to the end of the run.  Raises MachineError first.

    data: where the samples are.  callbacks: who else hears of it.
    """
    logs.context.run = run.id
    check_arithmetic(run.config)
    config, training = run.config, dataset.training
    going_back = None
    if options.audit:
        # Where everything is checked, what is wrong is never used; but earlier, less may have been.
        unchecked = state.begun_epochs if options.audit == 1 else None
        going_back = GoingBack(run, config.sampler(len(training)).steps_per_epoch, unchecked)
    with (
        progress(config, training) as shown,
        Recorder(run, going_back) as recorder,
        EventLog(run.events_file) as events,
    ):
        course.info(headline(run, len(training), state))
        compute(
            *(config, dataset, state, options),
            [recorder, shown, events, EpochLines(config), *callbacks],
            lambda source: options.watching.callbacks(
                Watched(run.id, run.folder, config, training, run.metrics, source)
            ),
            recorder.go_back,
            run_id=run.id,
            data=data,
            log_folder=run.folder / "logs",
        )


def compute(
    config: TrainConfig,
    dataset: Dataset,
    state: TrainingState,
    options: RunOptions,
    callbacks: Sequence[Callback],
    watching: Callable[[GradientSource], AbstractContextManager[Sequence[Callback]]] = lambda _: nullcontext(()),
    go_back: Callable[[LiarsNamedError, TrainingState], None] | None = None,
    *,
    run_id: str,
    data: Path,
    log_folder: Path,
) -> None:
    """Train from the state to the end, and leave no process, thread or connection behind, however that ends.

    Ctrl-C comes between two steps, never within one.  callbacks: who hears of it; and by `watching` those who also need
    to know what computes the gradients.  go_back: has the state become one from before liars took part; None: nobody is
    audited.  data: where workers that are started here look for the samples.  log_folder: for what they write.
    """
    heart = Heartbeat(health_file())
    with ExitStack() as stack:
        stack.enter_context(interruptible())
        stack.enter_context(one_thread())
        stack.enter_context(quiet())
        _warn_of_lost_deltas(config, state)
        source = gradient_source(
            *(config, dataset, options),
            run_id=run_id,
            data=data,
            log_folder=log_folder,
            excluded=state.excluded,
            beat=heart.beat,
        )
        gradients = stack.enter_context(source)
        more = stack.enter_context(watching(gradients))
        listeners = Callbacks([heart, *callbacks, *more])
        while True:
            try:
                train(config, dataset, gradients, state, listeners)
                return
            except LiarsNamedError as named:
                if go_back is None:
                    raise
                with uninterrupted:
                    state.exclude(gradients.excluded)
                    go_back(named, state)
            gradients.begin_again()


def _warn_of_lost_deltas(config: TrainConfig, state: TrainingState) -> None:
    """Say so if exact arithmetic is too coarse for a network: with many wide layers."""
    mlp = config.mlp()
    lost = mlp.arithmetic.coarsest_delta(mlp.rounded(state.parameters).weights)
    if lost > _LOST:
        log.warning(
            "exact sums through so many wide layers lose derivatives below %.1g, and may learn little; choose fewer or "
            "narrower layers, or --arithmetic native",
            lost,
        )


@contextmanager
def gradient_source(
    config: TrainConfig,
    dataset: Dataset,
    options: RunOptions,
    *,
    run_id: str,
    data: Path,
    log_folder: Path,
    excluded: Sequence[str] = (),
    beat: Callable[[], None] = lambda: None,
) -> Iterator[RunGradients]:
    """Give what computes the gradients, for the time of a block.

    data: where workers that are started here look for the samples.  log_folder: for what they write.
    excluded: workers that get no work.  beat: is called now and then while workers compute, or are waited for.
    """
    workers = n_cores() if options.workers is None else options.workers
    if options.redis is None and workers == 0:
        yield InProcessGradients(config, dataset)
        return
    from coordinator.cluster.embedded import embedded_cluster

    with ExitStack() as stack:
        address, supervise, tensors, started = options.redis, beat, None, None
        if address is None:
            log.info("starting %s", n_workers(workers))
            cluster = stack.enter_context(embedded_cluster(workers, data, log_folder, options.flower_port))
            address, supervise = cluster.redis_url, partial(_each, beat, cluster.supervise)
            tensors, started = cluster.shared_tensors(config), workers
        from coordinator.gradients.incarnations import Incarnations  # while the workers are starting
        from coordinator.gradients.remote import RemoteGradients

        address = redis_url(address)
        begin = partial(
            RemoteGradients,
            address,
            broker_url(address, options.broker),
            run_id,
            config,
            dataset,
            batches_per_task=options.batches_per_task,
            audit=options.audit,
            audit_by_workers=options.audit_by == "workers",
            supervise=supervise,
            workers=started,
            tensors=tensors,
        )
        source = Incarnations(lambda excluded: begin(excluded=excluded), excluded)
        stack.callback(source.close)
        yield source


def headline(run: RunFolder, n_samples: int, state: TrainingState) -> str:
    """Return a run's first line: what it is, and where it goes on."""
    config = run.config
    done = state.step_index * config.strategy.mini_batches_per_step
    start = f", beginning with weights {config.start[:SHORT]}" if config.start else ""
    from_where = f"; going on at epoch {state.epoch}, mini-batch {done}" if state.trained else ""
    return (
        f"run {run.id}: {config.neurons}, {config.numbers}, {config.epochs} epochs of "
        f"{config.mini_batches_per_epoch(n_samples)} mini-batches of {config.mini_batch_size}, "
        f"{config.learning}, seed {config.seed}, {config.strategy}{start}{from_where}"
    )


def _each(*calls: Callable[[], None]) -> None:
    """Make each of these calls."""
    for call in calls:
        call()
