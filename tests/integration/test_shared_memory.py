"""Tensors in memory that a coordinator shares with the workers it has started."""

import os
import random
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from celery import Celery

from coordinator.accounting import Ledger
from coordinator.cluster.embedded import embedded_cluster
from coordinator.gradients.in_process import InProcessGradients
from coordinator.gradients.remote import RemoteGradients
from coordinator.training.state import State
from shared.messaging.addresses import broker_url, celery_settings
from shared.messaging.records import Record
from shared.messaging.resp import client
from shared.transport.shared_memory import SharedTensors
from tests.conftest import job, metrics, start_worker, survivors
from tests.integration.test_replies import CONFIG, SAMPLES, BadWorker, alone, gradients_on, learn

WIDE = replace(CONFIG, sizes=(12, 3000, 3))  # 192 kB of weights
WORKERS, STEPS = 2, 10


@pytest.fixture
def tensors() -> Iterator[SharedTensors]:
    descriptor = os.memfd_create("test")
    yield SharedTensors(descriptor, CONFIG, WORKERS)
    os.close(descriptor)


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
    assert learned == learn(InProcessGradients(WIDE, SAMPLES, Ledger()).gradient, STEPS, WIDE)
    assert sum(counts.answered for counts in state.ledger.counts.workers.values()) == state.ledger.counts.asked
    assert through_redis < STEPS * state.parameters.flat.nbytes


def test_a_worker_that_does_not_share_the_memory_takes_part_through_redis(gradmq, server, tensors):
    exchange = gradients_on(server, tensors=tensors)
    start_worker(gradmq, server, "stranger")
    assert learn(exchange.gradient) == learn(alone())
    exchange.close()


@pytest.mark.parametrize(("place", "first"), [(WORKERS + 1, 0), (65535, 0), (1, CONFIG.shards), (1, 2**32 - 1)])
def test_a_reply_in_a_room_that_is_not_there_is_rejected(server, tensors, place, first):
    def elsewhere(message: bytes, record: Record) -> list[bytes]:
        return [record._replace(place=place, first=first).encode(), message]

    exchange = gradients_on(server, tensors=tensors)
    exchange._by_wire = True
    BadWorker(server, elsewhere).start()
    assert learn(exchange.gradient) == learn(alone())
    assert sum(counts.rejected for counts in exchange._ledger.counts.workers.values()) >= STEPS
    exchange.close()


def test_two_processes_of_one_worker_do_not_share_its_place(small_data, tmp_path):
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
            assert not survivors([process], 5)
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(epochs, shards=4)


def test_the_memory_belongs_to_one_life_of_a_run(tensors):
    tensors.begin(7)
    assert tensors.belongs_to(7)
    assert not tensors.belongs_to(8)
