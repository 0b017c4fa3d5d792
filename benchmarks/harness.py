"""The one place where a training is wired, as `gradmq train` does: cluster, source of gradients, state."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from benchmarks.jobs import WARM_UP, Job
from benchmarks.training import Training
from coordinator.cluster.embedded import Cluster, embedded_cluster
from coordinator.gradients.remote import RemoteGradients
from shared.config import TrainConfig
from shared.data.augment.options import Augmentation
from shared.data.dataset import DEFAULT_DATA, Dataset, load_dataset
from shared.data.parts import Part
from shared.messaging.addresses import broker_url
from shared.nn.arithmetic import one_thread, quiet
from shared.nn.evaluation import evaluate
from shared.nn.parameters import Parameters
from shared.optim.optimizers import SGD, Nesterov
from shared.optim.schedules import CosineDecay
from shared.strategies import LocalSGD, SyncSGD
from shared.training.in_process import InProcessGradients
from shared.transport.regions import SharedTensors
from shared.types import Vector

_ENDLESS = 1_000_000  # epochs


@cache
def data() -> Dataset:
    """Return MNIST."""
    return load_dataset(DEFAULT_DATA)


def synchronous(job: Job, mini_batch: int | None = None, seed: int = 0) -> TrainConfig:
    """Return the configuration of synchronous SGD in exact arithmetic."""
    augment = Augmentation.parse(job.augment) if job.augment else None
    return TrainConfig(
        sizes=job.sizes,
        activation=job.activation,
        output=job.output,
        initializer=job.initializer,
        standardize=job.standardize,
        epochs=_ENDLESS,
        mini_batch_size=mini_batch or job.mini_batch,
        optimizer=Nesterov(job.momentum) if job.momentum else SGD(),
        learning_rate=job.learning_rate,
        augment=augment,
        image_shape=data().image_size if augment else None,
        seed=seed,
        strategy=SyncSGD(),
    )


def native(job: Job, shards: int, seed: int = 0) -> TrainConfig:
    """Return the configuration of synchronous SGD in native float32."""
    return replace(synchronous(job, seed=seed), arithmetic="native", dtype="float32", strategy=SyncSGD(shards=shards))


def local(job: Job, local_steps: int, replicas: int, learning_rate: float | None = None, seed: int = 0) -> TrainConfig:
    """Return the configuration of local SGD in native float32.  learning_rate: None: the job's."""
    return replace(
        native(job, shards=1, seed=seed),
        learning_rate=learning_rate or job.learning_rate,
        strategy=LocalSGD(local_steps=local_steps, replicas=replicas),
    )


def with_cosine(config: TrainConfig, epochs: int) -> TrainConfig:
    """Return the configuration of a run of so many epochs, whose learning rate follows a cosine."""
    return replace(config, epochs=epochs, schedule=CosineDecay(warm_up=WARM_UP))


def accuracy(config: TrainConfig, parameters: Parameters, part: Part = Part.TEST) -> float:
    """Return how much of the samples a network knows, in percent."""
    samples, mlp = data().part(part), config.mlp()
    return 100 * evaluate(mlp, mlp.rounded(parameters), samples).accuracy


def best_accuracy(config: TrainConfig, epochs: int) -> float:
    """Train in this process; return the test accuracy, in percent, of the epoch that is best by validation."""
    with in_process(config) as training:

        def epoch(_: int) -> Parameters:
            training.epoch()
            return training.parameters

        return chosen(config, map(epoch, range(epochs))).test


class Chosen(NamedTuple):
    """The accuracies of an epoch that was chosen on the first of them, in percent."""

    validation: float
    test: float


def chosen(config: TrainConfig, epochs: Iterable[Parameters]) -> Chosen:
    """Return the accuracies of the epoch that is best by validation, the earliest of equals.

    epochs: the weights at the end of each; the same memory may be used for all.
    """
    best = Chosen(-1.0, 0.0)
    for parameters in epochs:
        validation = accuracy(config, parameters, Part.VALIDATION)
        if validation > best.validation:
            best = Chosen(validation, accuracy(config, parameters))
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
        yield Training(config, dataset.labelled(Part.TRAINING), InProcessGradients(config, dataset), 0, first)


@contextmanager
def session(
    config: TrainConfig,
    workers: int,
    *,
    through_redis: bool = False,
    fake: bool = False,
    audit: float = 0.0,
    audit_by_workers: bool = False,
    supervised: bool = True,
    first: Vector | None = None,
) -> Iterator[Session]:
    """Give a training on an embedded cluster.

    through_redis: the tensors, as with workers on other machines; else they are in shared memory.  fake: the workers
    compute nothing (see `fake_workers`).  audit: share of the replies that is checked.  audit_by_workers: by another
    worker.  supervised: processes that end are started again.  first: weights; default: drawn as in a run.
    """
    with ExitStack() as stack:
        stack.enter_context(one_thread())
        stack.enter_context(quiet())
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        cluster = stack.enter_context(embedded_cluster(0 if fake else workers, DEFAULT_DATA, logs, None, "info"))
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
            audit_by_workers=audit_by_workers,
            supervise=cluster.supervise if supervised else lambda: None,
            workers=workers,
            tensors=tensors,
        )
        if fake:
            stack.enter_context(_fakes(url, workers, len(dataset.training), descriptor))
        stack.callback(source.close)
        training = Training(config, dataset.labelled(Part.TRAINING), source, workers, first)
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
