"""Tensors in memory that a coordinator shares with the workers it has started."""

import os
import random
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from celery import Celery

from coordinator.cluster.embedded import embedded_cluster
from coordinator.gradients.remote import RemoteGradients
from coordinator.training.state import State
from shared.messaging.addresses import broker_url
from shared.messaging.celery_settings import celery_settings
from shared.messaging.client import client
from shared.transport.regions import SharedTensors
from tests.support.learning import CONFIG, SAMPLES, alone, gradients_on, learn
from tests.support.processes import wait_for_the_end_of
from tests.support.program import job, metrics, start_worker

WIDE = replace(CONFIG, sizes=(12, 3000, 3))  # 192 kB of weights


WORKERS, STEPS = 2, 10


def test_local_workers_have_the_tensors_in_memory_and_redis_carries_only_records(small_data, tmp_path):
    with embedded_cluster(WORKERS, small_data, tmp_path / "logs", None) as cluster:
        url = cluster.redis_url
        state = State.initial(WIDE)
        exchange = RemoteGradients(
            *(
                url,
                broker_url(url),
                "test",
                WIDE,
                SAMPLES,
                state,
                None,
                0.0,
                cluster.supervise,
                cluster.shared_tensors(WIDE),
            )
        )
        learned = learn(exchange.gradient, STEPS, WIDE)
        with client(url) as connection:
            through_redis = connection.info("stats")["total_net_input_bytes"]
        exchange.close()
    assert learned == learn(alone(WIDE), STEPS, WIDE)
    assert sum(counts.answered for counts in state.ledger.counts.workers.values()) == state.ledger.counts.asked
    assert through_redis < STEPS * state.parameters.flat.nbytes


@pytest.fixture
def tensors() -> Iterator[SharedTensors]:
    descriptor = os.memfd_create("test")
    yield SharedTensors(descriptor, CONFIG, WORKERS)
    os.close(descriptor)


def test_a_worker_that_does_not_share_the_memory_takes_part_through_redis(gradmq, server, tensors):
    exchange = gradients_on(server, tensors=tensors)
    start_worker(gradmq, server, "stranger")
    assert learn(exchange.gradient) == learn(alone())
    exchange.close()


def test_two_processes_of_one_worker_do_not_share_its_slot(small_data, tmp_path):
    """Flower can have a pool grow; then one process writes to the memory, and the other sends through Redis."""
    with embedded_cluster(1, small_data, tmp_path / "logs", None) as cluster:
        url = cluster.redis_url
        state = State.initial(CONFIG)
        exchange = RemoteGradients(
            *(url, broker_url(url), "test", CONFIG, SAMPLES, state),
            *(None, 0.0, cluster.supervise, cluster.shared_tensors(CONFIG)),
        )
        learned = [learn(exchange.gradient)]
        with Celery(broker=broker_url(url), set_as_current=False) as app:
            app.conf.update(celery_settings(broker_url(url)))
            app.control.pool_grow(1)
        deadline = time.monotonic() + 30
        while not exchange._by_wire and time.monotonic() < deadline:
            learned.append(learn(exchange.gradient))
        exchange.close()
    assert exchange._by_wire
    assert set(learned) == {learn(alone())}


FAULTS = int(os.environ.get("GRADMQ_FAULTS", "8"))


@pytest.mark.timeout(30 * FAULTS)
def test_workers_killed_and_stopped_while_they_write_there_change_nothing(gradmq, small_data, fingerprints):
    epochs = 10 * FAULTS
    program = gradmq(*job(small_data, epochs, workers=3, shards=4))
    for number in range(FAULTS):
        program.wait_for(f"Epoch {8 * number}:")
        while not (computing := [each for each in program.descendants("--hostname") if not each.children()]):
            time.sleep(0.01)
        process = random.choice(computing)
        if number % 2:
            process.suspend()
            time.sleep(random.random())
            process.resume()
        else:
            process.kill()
            wait_for_the_end_of([process])
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(epochs, shards=4)
