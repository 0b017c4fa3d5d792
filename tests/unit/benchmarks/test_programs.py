"""What the peers' programs share is what GradMQ does: the order, the deformations, the rates; and NumPy's gradient."""

import tomllib

import numpy as np
import pytest

from benchmarks.harness import data, native, with_cosine
from benchmarks.jobs import JOBS, WARM_UP, Job
from benchmarks.peers.programs import common, deformation
from benchmarks.peers.programs.common import MiniBatches, first_weights, flatten, layers
from benchmarks.peers.programs.numpy_vectorised import gradient
from coordinator.recipes.catalogue import recipe
from shared.data.sampler import epoch_order
from shared.parallel.batches import Batches

D = JOBS["d"]


def small(job: Job) -> Job:
    return Job((6, 5, 4, 3), 7, activation=job.activation, output=job.output, initializer=job.initializer)


def cost(job, flat, x, y):
    """The cost in float64, summed over the samples, a sample at a time."""
    total = 0.0
    for sample, wanted in zip(x, y, strict=True):
        *hidden, (w, b) = layers(flat, job.sizes)
        for each_w, each_b in hidden:
            z = each_w @ sample + each_b
            sample = np.maximum(z, 0) if job.activation == "relu" else 1 / (1 + np.exp(-z))
        z = w @ sample + b
        if job.output == "softmax":
            total += np.log(np.exp(z).sum()) - z @ wanted
        else:
            total += ((1 / (1 + np.exp(-z)) - wanted) ** 2).sum() / 2
    return total


@pytest.mark.parametrize("name", ["a", "d"])
def test_numpys_gradient_is_the_derivative_of_the_cost(name):
    job, rng = small(JOBS[name]), np.random.default_rng(1)
    flat = first_weights(job).astype(np.float64) + 0.1 * rng.standard_normal(len(first_weights(job)))
    x, y = rng.standard_normal((7, 6)), np.eye(3)[rng.integers(0, 3, 7)]
    found = flatten(gradient(job, layers(flat, job.sizes), x, y))
    step = 1e-6
    for place, expected in enumerate(found):
        ahead, behind = flat.copy(), flat.copy()
        ahead[place] += step
        behind[place] -= step
        slope = (cost(job, ahead, x, y) - cost(job, behind, x, y)) / (2 * step)
        assert slope == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_job_d_is_the_recipes():
    wanted = tomllib.loads(recipe("mlp-1000-500").text)
    assert D.sizes == (784, *wanted["hidden"], 10)
    assert (D.standardize, WARM_UP, D.mini_batch) == (
        tuple(wanted["standardize"]),
        wanted["warm_up"],
        wanted["mini_batch_size"],
    )
    for name in ("activation", "output", "initializer", "augment", "momentum", "learning_rate"):
        assert getattr(D, name) == wanted[name], name


def test_the_mini_batches_are_those_of_a_run():
    batches = MiniBatches(JOBS["c2048"])
    found = [batches.next() for _ in range(batches.an_epoch + 1)]
    assert [each.epoch for each in found] == [0] * batches.an_epoch + [1]
    order = epoch_order(0, 1, common.N_TRAINING)
    assert found[-1].rows.tolist() == order[:2048].tolist()
    assert found[3].first == 3 * 2048


def test_the_parts_of_a_mini_batch_are_the_whole():
    batch = MiniBatches(JOBS["a"]).next()
    parts = [batch.part(number, 3) for number in range(3)]
    assert [len(part.rows) for part in parts] == [3, 3, 4]
    assert np.concatenate([part.rows for part in parts]).tolist() == batch.rows.tolist()
    assert [part.first for part in parts] == [0, 3, 6]


def test_the_inputs_are_deformed_as_gradmqs_workers_deform_them():
    config = native(D, shards=1)
    samples, mlp = data().training, config.mlp()
    step = config.sampler(len(samples)).step(1, 2)
    batches = MiniBatches(D)
    for _ in range(batches.an_epoch + 3):
        batch = batches.next()
    expected = Batches(config, samples, mlp).part(step, 50, 100).x.T
    found = deformation.DeformedInputs(D).of(batch.part(1, 4))
    assert np.array_equal(found, expected)


def test_without_deformation_the_inputs_are_a_runs_too():
    x, labels = common.training_data(D)
    rows = np.arange(100)
    assert np.array_equal(x[rows], data().training.inputs(rows, native(D, shards=1).mlp().inputs).T)
    assert labels.tolist() == data().training.labels.tolist()


def test_the_learning_rate_is_that_of_a_run():
    config, batches = with_cosine(native(D, shards=1), 10), MiniBatches(D, epochs=10)
    for step in range(2500):
        assert batches.learning_rate == pytest.approx(config.learning_rate_at(step, 250), rel=1e-9, abs=1e-12)
        batches.next()
    assert MiniBatches(D).learning_rate == D.learning_rate


def test_the_first_weights_have_the_variance_that_the_job_wants():
    *hidden, (last, bias) = layers(first_weights(D), D.sizes)
    for w, b in hidden:
        assert w.var() * w.shape[1] == pytest.approx(2, rel=0.01)
        assert not b.any()
    assert last.var() * last.shape[1] == pytest.approx(1, rel=0.05)
    assert not bias.any()
    assert np.array_equal(first_weights(JOBS["a"]), np.random.default_rng(0).standard_normal(23860).astype(np.float32))
