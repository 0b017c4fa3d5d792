"""Memory that a coordinator shares with the workers it has started."""

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from shared.config import TrainConfig
from shared.messaging.records import OWN
from shared.strategies import SyncSGD
from shared.transport import regions
from shared.transport.regions import SharedTensors
from tests.support.learning import CONFIG, EXACT

WORKERS = 2


@pytest.fixture
def descriptor() -> Iterator[int]:
    made = os.memfd_create("test")
    yield made
    os.close(made)


def number_of_regions(tensors: SharedTensors) -> int:
    return sum(tensors.has(1, region) for region in range(1000))


def test_the_memory_belongs_to_one_incarnation_of_a_run(descriptor):
    tensors = SharedTensors(descriptor, CONFIG, WORKERS)
    tensors.begin(7)
    assert tensors.belongs_to(7)
    assert not tensors.belongs_to(8)


@pytest.mark.parametrize(
    ("config", "count"),
    [
        (CONFIG, 4),  # one for each shard: nothing is requested of one worker alone
        (replace(CONFIG, mini_batch_size=200, strategy=SyncSGD(shards=100)), 64),
        (EXACT, 7),  # its own, and one for each sample
        (replace(EXACT, mini_batch_size=1000), 64),
    ],
)
def test_a_slot_has_a_region_for_each_request_of_a_step_up_to_64(descriptor, config: TrainConfig, count):
    assert number_of_regions(SharedTensors(descriptor, config, WORKERS)) == count


def test_where_memory_is_short_there_are_fewer_regions(descriptor, monkeypatch):
    whole = SharedTensors(descriptor, EXACT, WORKERS)
    monkeypatch.setattr(regions, "_MOST_MEMORY", whole.nbytes // 2)
    tensors = SharedTensors(descriptor, EXACT, WORKERS)
    assert tensors.nbytes <= whole.nbytes // 2
    assert (tensors.useful, number_of_regions(tensors)) == (True, 3)
    monkeypatch.setattr(regions, "_MOST_MEMORY", 1000)
    assert not SharedTensors(descriptor, EXACT, WORKERS).useful


@pytest.mark.parametrize(("config", "number"), [(CONFIG, OWN + 1), (EXACT, OWN)])
def test_a_single_region_is_that_of_the_first_request(descriptor, monkeypatch, config: TrainConfig, number):
    """So that where memory is that short, and counts as useful, it is of use."""
    for memory in range(64, SharedTensors(descriptor, config, WORKERS).nbytes, 64):
        monkeypatch.setattr(regions, "_MOST_MEMORY", memory)
        if (tensors := SharedTensors(descriptor, config, WORKERS)).useful:
            break
    assert [region for region in range(1000) if tensors.has(1, region)] == [number]


@pytest.mark.parametrize(("config", "numbers"), [(CONFIG, range(1, 5)), (EXACT, range(7))])
def test_no_two_regions_overlap(descriptor, config: TrainConfig, numbers):
    tensors = SharedTensors(descriptor, config, WORKERS)
    tensors.begin(7)
    all_of_them = [tensors.weights, *(tensors.reply(slot, region) for slot in (1, 2) for region in numbers)]
    assert all(tensors.has(slot, region) for slot in (1, 2) for region in numbers)
    for number, region in enumerate(all_of_them):
        region[:] = number
    assert [set(region) for region in all_of_them] == [{number} for number in range(len(all_of_them))]
    assert tensors.belongs_to(7)
