"""A job that takes no time, and its gradients: from this process, or from workers on a real Redis."""

from collections.abc import Callable

import numpy as np

from coordinator.accounting import Ledger
from coordinator.gradients.in_process import InProcessGradients
from coordinator.gradients.remote import RemoteGradients
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.data.samples import LabelledSamples
from shared.parallel.sgd import epoch_order, initial_parameters, sgd_step
from shared.transport.regions import SharedTensors
from tests.support.servers import Server
from tests.support.waiting import patience

CONFIG = TrainConfig((12, 5, 3), epochs=1, mini_batch_size=6, eta=3.0, seed=5, shards=4, dtype="float32")
_rng = np.random.default_rng(0)
SAMPLES = LabelledSamples(_rng.integers(0, 256, (60, 12)).astype(np.uint8), _rng.integers(0, 3, 60), 3)


def learn(gradient: Callable, steps: int = 10, config: TrainConfig = CONFIG) -> tuple[str, int]:
    """Take steps with gradients from there; return the fingerprint and the samples counted."""
    parameters = initial_parameters(config.sizes, config.seed, config.dtype)
    order = epoch_order(config.seed, 0, len(SAMPLES))
    samples = 0
    for batch in range(steps):
        total, n_samples = gradient(parameters, 0, batch, order[batch * 6 : batch * 6 + 6])
        sgd_step(parameters, total, config.eta, n_samples)
        samples += n_samples
    return parameters.sha256, samples


def alone(config: TrainConfig = CONFIG) -> Callable:
    """The gradient in one process."""
    return InProcessGradients(config, SAMPLES, Ledger()).gradient


def gradients_on(
    server: Server,
    batches_per_task: int | None = None,
    audit: float = 0.0,
    state: State | None = None,
    tensors: SharedTensors | None = None,
) -> RemoteGradients:
    """Gradients from the workers on that server; who waits too long for them fails."""
    return RemoteGradients(
        *(server.url, server.tcp_url, "test", CONFIG, SAMPLES, state or State.initial(CONFIG)),
        *(batches_per_task, audit, patience("gradients from workers"), tensors),
    )
