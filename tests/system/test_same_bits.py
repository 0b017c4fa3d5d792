"""Any number of real workers gives the same bits."""

import shutil

import numpy as np
import pytest

from shared import Network, load_data_wrapper
from tests.support.program import EPOCHS, job, metrics, start_worker


@pytest.mark.parametrize(
    ("workers", "options"),
    [
        (1, {}),
        (2, {}),
        (4, {}),
        (3, {"mini_batch_size": 7, "seed": 9}),
        (5, {"mini_batch_size": 3}),  # some have nothing to do
        (2, {"batches_per_task": 1, "mini_batch_size": 100}),
        (2, {"arithmetic": "native", "shards": 2}),
        (4, {"arithmetic": "native", "shards": 4}),
        (2, {"arithmetic": "native", "dtype": "float64", "mini_batch_size": 7, "shards": 3, "seed": 9}),
        (2, {"arithmetic": "native", "mini_batch_size": 3, "shards": 8}),
    ],
)
def test_any_number_of_workers_gives_the_bits_of_one_process(gradmq, small_data, fingerprints, workers, options):
    program = gradmq(*job(small_data, workers=workers, **options))
    assert program.end() == 0, program.text()
    alone = {name: value for name, value in options.items() if name != "batches_per_task"}
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2, **alone)
    size = options.get("mini_batch_size", 10)
    for epoch, line in enumerate(metrics(program)):
        assert line["epoch"] == epoch
        assert line["samples"] == 1000
        assert line["mini_batches"] == -(-1000 // size)
        assert 1 <= line["workers"] <= workers
        assert line["accuracy"] == line["correct"] / line["n_test"]
        assert f"Epoch {epoch}: accuracy is {line['correct']}/200" in program.text()


@pytest.mark.parametrize(
    ("network", "options"),
    [
        ({"arithmetic": "exact"}, {}),
        ({"arithmetic": "native", "dtype": np.float32}, {"arithmetic": "native", "shards": 2}),
    ],  # in float64 the loader's images, which are float32, are others than bytes divided by 255
)
def test_the_reference_is_the_networks_own_sgd(small_data, fingerprints, network, options):
    training, _, _ = load_data_wrapper(small_data)
    net = Network([196, 12, 10], seed=0, **network)
    net.SGD(training, 2, 10, 3.0, seed=0)
    assert net.parameters.sha256 == fingerprints(2, **options)[-1]


def test_two_workers_of_the_same_name_are_told_apart(gradmq, small_data, server, long_fingerprint):
    for _ in range(2):
        start_worker(gradmq, server, "same").wait_for(" ready.")
    program = gradmq(*job(small_data, EPOCHS, redis=server.url))
    assert program.end() == 0, program.text()
    assert metrics(program)[-1]["weights_sha256"] == long_fingerprint
    assert "(2 workers now)" in program.text()


def test_the_seeds_pickle_trains_too(gradmq, small_data, fingerprints, tmp_path):
    import gzip
    import pickle

    from shared import load_data

    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps(load_data(small_data), 2)))
    program = gradmq(*job(path, workers=1))
    assert program.end() == 0, program.text()
    assert [line["weights_sha256"] for line in metrics(program)] == fingerprints(2)
    shutil.rmtree(program.output.parent / "runs")
