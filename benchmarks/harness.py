"""The one place where a training is wired, as `gradmq train` does: cluster, source of gradients, state."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from benchmarks.jobs import Job
from benchmarks.training import Training
from coordinator.cluster.embedded import Cluster, embedded_cluster
from coordinator.gradients.in_process import InProcessGradients
from coordinator.gradients.remote import RemoteGradients
from shared.config import TrainConfig
from shared.data.dataset import DEFAULT_DATA, Dataset, load_dataset
from shared.messaging.addresses import broker_url
from shared.nn.arithmetic import one_thread, quiet
from shared.nn.evaluation import evaluate
from shared.nn.parameters import Parameters
from shared.strategies import LocalSGD, SyncSGD
from shared.transport.regions import SharedTensors
from shared.types import Vector

_ENDLESS = 1_000_000  # epochs


@cache
def data() -> Dataset:
    """Return MNIST."""
    return load_dataset(DEFAULT_DATA)


def synchronous(job: Job, mini_batch: int | None = None, seed: int = 0) -> TrainConfig:
    """Return the configuration of synchronous SGD in exact arithmetic."""
    return TrainConfig(
        sizes=job.sizes,
        epochs=_ENDLESS,
        mini_batch_size=mini_batch or job.mini_batch,
        learning_rate=job.learning_rate,
        seed=seed,
        strategy=SyncSGD(),
    )


def native(job: Job, shards: int, seed: int = 0) -> TrainConfig:
    """Return the configuration of synchronous SGD in native float32."""
    return replace(synchronous(job, seed=seed), arithmetic="native", dtype="float32", strategy=SyncSGD(shards=shards))


def local(job: Job, local_steps: int, replicas: int, learning_rate: float | None = None, seed: int = 0) -> TrainConfig:
    """Return the configuration of local SGD in native float32.  learning_rate: None: the job's."""
    return TrainConfig(
        sizes=job.sizes,
        epochs=_ENDLESS,
        mini_batch_size=job.mini_batch,
        learning_rate=learning_rate or job.learning_rate,
        seed=seed,
        arithmetic="native",
        strategy=LocalSGD(local_steps=local_steps, replicas=replicas),
    )


def accuracy(config: TrainConfig, parameters: Parameters) -> float:
    """Return how much of the test samples a network knows, in percent."""
    test, mlp = data().test, config.mlp()
    return 100 * evaluate(mlp, mlp.rounded(parameters), test).correct / len(test)


def best_accuracy(config: TrainConfig, epochs: int) -> float:
    """Train in this process; return the accuracy of the best epoch, in percent."""
    best = 0.0
    with in_process(config) as training:
        for _ in range(epochs):
            training.epoch()
            best = max(best, accuracy(config, training.parameters))
    return best


@dataclass(frozen=True)
class Session:
    """A training, and what it runs on."""

    training: Training
    cluster: Cluster
    broker: str  # address of Celery's
    logs: Path  # folder with a log a process


@contextmanager
def in_process(config: TrainConfig, first: Vector | None = None) -> Iterator[Training]:
    """Give a training that computes in this process.  first: its weights; default: drawn as in a run."""
    dataset = data()
    with one_thread(), quiet():
        yield Training(config, dataset.training, InProcessGradients(config, dataset), 0, first)


@contextmanager
def session(
    config: TrainConfig,
    workers: int,
    *,
    through_redis: bool = False,
    fake: bool = False,
    audit: float = 0.0,
    supervised: bool = True,
    first: Vector | None = None,
) -> Iterator[Session]:
    """Give a training on an embedded cluster.

    through_redis: the tensors, as with workers on other machines; else they are in shared memory.  fake: the workers
    compute nothing (see `fake_workers`).  audit: share of the replies that is checked.  supervised: processes that end
    are started again.  first: weights; default: drawn as in a run.
    """
    with ExitStack() as stack:
        stack.enter_context(one_thread())
        stack.enter_context(quiet())
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        cluster = stack.enter_context(embedded_cluster(0 if fake else workers, DEFAULT_DATA, logs, None))
        url, dataset = cluster.redis_url, data()
        descriptor = os.memfd_create("gradmq") if fake and not through_redis else None
        if descriptor is not None:
            stack.callback(os.close, descriptor)
            tensors: SharedTensors | None = SharedTensors(descriptor, config, workers)
        else:
            tensors = None if through_redis else cluster.shared_tensors(config)
        source = RemoteGradients(
            *(url, broker_url(url), "benchmark", config, dataset),
            audit=audit,
            supervise=cluster.supervise if supervised else lambda: None,
            workers=workers,
            tensors=tensors,
        )
        if fake:
            stack.enter_context(_fakes(url, workers, len(dataset.training), descriptor))
        stack.callback(source.close)
        training = Training(config, dataset.training, source, workers, first)
        yield Session(training, cluster, broker_url(url), logs)


@contextmanager
def _fakes(url: str, workers: int, n_samples: int, descriptor: int | None) -> Iterator[None]:
    """Have a process play so many workers for the time of the block; see `benchmarks.fake_workers.main`."""
    inherited = () if descriptor is None else (descriptor,)
    command = [sys.executable, "-m", "benchmarks.fake_workers", url, *map(str, (workers, n_samples, *inherited))]
    with subprocess.Popen(command, pass_fds=inherited, cwd=Path(__file__).parents[1]) as process:
        try:
            yield
        finally:
            process.terminate()
