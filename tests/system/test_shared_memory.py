"""Tensors in memory that a coordinator shares with the workers it has started."""

import os
import random
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from coordinator.cluster.embedded import Cluster, embedded_cluster
from coordinator.gradients.remote import RemoteGradients
from shared.config import TrainConfig
from shared.messaging.addresses import broker_url
from shared.messaging.client import client
from shared.training.state import TrainingState
from shared.transport.regions import SharedTensors
from tests.support.learning import CONFIG, DATA, alone, learn
from tests.support.processes import wait_for_the_end_of
from tests.support.program import job, metrics, start_worker
from tests.support.remote import gradients_on
from tests.support.waiting import patience

WIDE = replace(CONFIG, sizes=(12, 3000, 3))  # 192 kB of weights


WORKERS, STEPS = 2, 10


def gradients_of(cluster: Cluster, config: TrainConfig) -> RemoteGradients:
    """Gradients from a cluster's workers; who waits too long for them fails."""
    is_late = patience("gradients from the cluster's workers")

    def supervise() -> None:
        is_late()
        cluster.supervise()

    url = cluster.redis_url
    return RemoteGradients(
        *(url, broker_url(url), "test", config, DATA), supervise=supervise, tensors=cluster.shared_tensors(config)
    )


def test_local_workers_have_the_tensors_in_memory_and_redis_carries_only_records(small_data, tmp_path):
    with embedded_cluster(WORKERS, small_data, tmp_path / "logs", None) as cluster:
        state = TrainingState.initial(WIDE)
        with closing(gradients_of(cluster, WIDE)) as remote:
            learned = learn(remote, STEPS, WIDE, state)
            with client(cluster.redis_url) as connection:
                through_redis = connection.info("stats")["total_net_input_bytes"]
    assert learned == learn(alone(WIDE), STEPS, WIDE)
    assert state.counts.total.answered == state.counts.requests
    assert through_redis < STEPS * state.parameters.flat.nbytes


@pytest.fixture
def tensors() -> Iterator[SharedTensors]:
    descriptor = os.memfd_create("test")
    yield SharedTensors(descriptor, CONFIG, WORKERS)
    os.close(descriptor)


def test_a_worker_that_does_not_share_the_memory_takes_part_through_redis(gradmq, server, tensors):
    start_worker(gradmq, server, "stranger")
    with closing(gradients_on(server, tensors=tensors)) as remote:
        assert learn(remote) == learn(alone())


FAULTS = int(os.environ.get("GRADMQ_FAULTS", "8"))


def test_workers_killed_and_stopped_while_they_write_there_change_nothing(gradmq, small_data, fingerprints):
    epochs = 10 * FAULTS
    program = gradmq(*job(small_data, epochs, workers=3, mini_batch_size=40))
    for number in range(FAULTS):
        program.wait_for(f"Epoch {8 * number}:")
        process = random.choice(program.wait_until(lambda: program.computing("--hostname"), "a process that computes"))
        if number % 2:
            process.suspend()
            time.sleep(random.random())
            process.resume()
        else:
            process.kill()
            wait_for_the_end_of([process])
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(epochs, mini_batch_size=40)
