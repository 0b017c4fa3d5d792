"""What a worker refuses to begin with: what certainly takes more memory than there is, and nothing else."""

from dataclasses import replace

import pytest

from shared.config import TrainConfig
from shared.errors import TooLargeError
from shared.strategies import LocalSGD, SyncSGD
from worker import limits
from worker.limits import Limits

SIZES = (100, 1000, 10)
CONFIG = TrainConfig(sizes=SIZES, epochs=1, mini_batch_size=600, learning_rate=3.0, strategy=SyncSGD())
NATIVE = replace(CONFIG, arithmetic="native", dtype="float64", strategy=SyncSGD(shards=6))
A_SAMPLE = 8 * (100 + 3 * 1000 + 2 * 10)  # bytes
WEIGHTS = 2 * CONFIG.nbytes + 3 * 2000


@pytest.fixture
def memory(monkeypatch):
    """Have a machine with memory for passes over so many samples."""
    return lambda n: monkeypatch.setattr(limits, "memory_bytes", lambda: WEIGHTS + n * A_SAMPLE)


def test_what_there_is_memory_for_is_computed_and_a_sample_more_is_not(memory):
    memory(200)
    Limits(CONFIG).check(200)
    what = r"^201 samples at once of a network of 1110 neurons take 0.00\d+ GiB of memory at least, and 0.00\d+ are"
    with pytest.raises(TooLargeError, match=what):
        Limits(CONFIG).check(201)


def test_a_network_too_large_for_a_single_sample_is_refused_at_once(memory):
    memory(0)
    with pytest.raises(TooLargeError, match="1 samples at once"):
        Limits(CONFIG)


@pytest.mark.parametrize(
    ("config", "at_once"),
    [(CONFIG, 600), (NATIVE, 100), (replace(NATIVE, strategy=LocalSGD(local_steps=50, replicas=4)), 600)],
)
def test_only_those_count_that_are_computed_together(memory, config, at_once):
    memory(at_once)
    Limits(config).check(config.samples_per_step)
    memory(at_once - 1)
    with pytest.raises(TooLargeError):
        Limits(config).check(config.samples_per_step)


def test_evaluations_are_computed_chunk_by_chunk(memory):
    memory(1000)
    Limits(CONFIG).check(10**6, evaluates=True)
    memory(999)
    with pytest.raises(TooLargeError):
        Limits(CONFIG).check(10**6, evaluates=True)


def test_a_whole_run_needs_its_mini_batches_and_no_more_than_there_are_samples(memory):
    memory(500)
    Limits(CONFIG).check_run(500)
    with pytest.raises(TooLargeError):
        Limits(CONFIG).check_run(60_000)


def test_very_many_layers_take_memory_too(memory):
    memory(100)
    with pytest.raises(TooLargeError):
        Limits(replace(NATIVE, sizes=(1,) * 10_000))
