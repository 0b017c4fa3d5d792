"""What a network learns from: the same for any cut, by the places of samples alone."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.config import TrainConfig
from shared.data.augment.options import Augmentation
from shared.data.samples import LabelledSamples
from shared.parallel.batches import Batch, Batches
from shared.parallel.strategy import strategy_of
from shared.strategies import SyncSGD

_rng = np.random.default_rng(0)
SAMPLES = LabelledSamples(_rng.integers(0, 256, (60, 64)).astype(np.uint8), _rng.integers(0, 3, 60), 3)
PLAIN = TrainConfig(
    sizes=(64, 9, 7, 3), epochs=2, mini_batch_size=24, learning_rate=0.5, output="softmax", strategy=SyncSGD()
)
ALL = replace(
    PLAIN,
    activation="relu",
    initializer="he",
    standardize=(0.5, 0.25),
    dropout=0.5,
    input_dropout=0.2,
    label_smoothing=0.1,
    class_weights=(1.0, 2.5, 0.5),
    augment=Augmentation(elastic=1.0, rotate=10, noise=0.1),
    image_shape=(8, 8),
)
CUTS = st.lists(st.integers(0, 24), max_size=5).map(lambda cuts: sorted({0, 24, *cuts}))


def batches(config: TrainConfig) -> Batches:
    return Batches(config, SAMPLES, config.mlp())


def step_of(config: TrainConfig, epoch: int = 0, index: int = 0):
    return config.sampler(len(SAMPLES)).step(epoch, index)


def bytes_of(*parts: Batch) -> list[bytes]:
    """All that a network learns from, side by side."""
    x, y, labels, weights = (np.concatenate([part[each] for part in parts], -1) for each in range(4))
    kept = [np.concatenate(layers, 1) for layers in zip(*(part.kept for part in parts), strict=True)]
    return [each.tobytes() for each in (x, y, labels, weights, *kept)]


@given(cuts=CUTS, epoch=st.integers(0, 1), index=st.integers(0, 1))
def test_any_cut_of_a_step_gives_the_same(cuts, epoch, index):
    step = step_of(ALL, epoch, index)
    parts = [batches(ALL).part(step, first, stop) for first, stop in pairwise(cuts)]
    assert bytes_of(*parts) == bytes_of(batches(ALL).part(step, 0, 24))


@given(cuts=CUTS, arithmetic_is_exact=st.booleans())
def test_any_cut_of_a_step_gives_the_same_gradient_and_score(cuts, arithmetic_is_exact):
    """In native arithmetic, of whole shards."""
    config = ALL if arithmetic_is_exact else replace(ALL, arithmetic="native", dtype="", strategy=SyncSGD(shards=24))
    parameters, step = config.initial_parameters(), step_of(config)
    one, others = strategy_of(config, SAMPLES), [strategy_of(config, SAMPLES) for _ in range(2)]
    whole = one.block(one.broadcast(parameters), step, 0, 24)
    total, correct, cost = np.zeros_like(parameters.flat), 0, 0.0
    for number, (first, stop) in enumerate(pairwise(cuts)):
        worker = others[number % 2]
        part = worker.block(worker.broadcast(parameters), step, first, stop)
        total += part.total
        correct, cost = correct + part.score.correct, cost + part.score.cost
    assert (correct, cost, 24) == whole.score
    if arithmetic_is_exact:
        assert np.array_equal(total, whole.total)


def test_epochs_deform_and_steps_drop_otherwise():
    """The same samples at the same places."""
    first, later = (batches(ALL).part(replace_rows(step_of(ALL, epoch)), 0, 24) for epoch in (0, 1))
    assert not np.array_equal(first.x, later.x)
    assert all(not np.array_equal(one, other) for one, other in zip(first.kept, later.kept, strict=True))


def replace_rows(step):
    step.rows = np.arange(24)
    return step


def test_without_options_samples_are_as_they_are():
    batch = batches(PLAIN).part(step_of(PLAIN), 3, 9)
    rows = step_of(PLAIN).rows[3:9]
    assert np.array_equal(batch.x, SAMPLES.inputs(rows, PLAIN.mlp().inputs))
    assert np.array_equal(batch.y, np.eye(3)[SAMPLES.labels[rows]].T)
    assert (batch.labels.tolist(), batch.weights, batch.kept) == (SAMPLES.labels[rows].tolist(), None, ())


def test_smoothing_spreads_a_part_of_the_one_over_all_classes():
    y = batches(replace(PLAIN, label_smoothing=0.3)).part(step_of(PLAIN), 0, 24).y
    np.testing.assert_allclose(np.unique(y), [0.1, 0.8], atol=2.0**-18)


def test_standardized_inputs_have_that_mean_and_deviation_taken_off():
    config = replace(PLAIN, standardize=(0.25, 0.5))
    plain, standardized = (batches(each).part(step_of(PLAIN), 0, 24).x for each in (PLAIN, config))
    np.testing.assert_allclose(standardized, (plain - 0.25) / 0.5, atol=2.0**-15)


def test_a_mean_is_divided_by_the_sum_of_the_weights():
    step = step_of(ALL)
    weights = np.array(ALL.class_weights)[SAMPLES.labels[step.rows]]
    assert batches(ALL).count(step) == weights.sum()
    assert batches(ALL).count(step, 3, 8) == weights[3:8].sum()
    assert batches(PLAIN).count(step, 3, 8) == 5


def test_a_class_of_weight_2_counts_like_one_that_is_there_twice():
    doubled = replace(PLAIN, class_weights=(1.0, 2.0, 1.0))
    plain, weighted = strategy_of(PLAIN, SAMPLES), strategy_of(doubled, SAMPLES)
    parameters = PLAIN.initial_parameters()
    once = step_of(PLAIN)
    twice = step_of(PLAIN)
    twice.rows = np.concatenate([once.rows, once.rows[SAMPLES.labels[once.rows] == 1]])
    config = replace(PLAIN, mini_batch_size=60)
    plain = strategy_of(config, SAMPLES)
    expected = plain.block(plain.broadcast(parameters), twice, 0, len(twice.rows)).total
    found = weighted.block(weighted.broadcast(parameters), once, 0, 24).total
    np.testing.assert_allclose(found, expected, atol=1e-5)
    moved = [parameters.copy() for _ in range(2)]
    plain.update(moved[0], {}, twice, expected.copy())
    weighted.update(moved[1], {}, once, found.copy())
    np.testing.assert_allclose(moved[1].flat, moved[0].flat, atol=1e-6)


def test_a_samples_own_weight_multiplies_that_of_its_class():
    own = np.random.default_rng(3).integers(1, 2**16, len(SAMPLES)) / 2**16
    samples, step = replace(SAMPLES, weights=own), step_of(ALL)
    expected = (own * np.array(ALL.class_weights)[SAMPLES.labels])[step.rows]
    weighted = Batches(ALL, samples, ALL.mlp())
    assert weighted.part(step, 0, 24).weights.tolist() == expected.tolist()
    assert weighted.count(step) == sum(expected.tolist())
    assert Batches(PLAIN, samples, PLAIN.mlp()).part(step, 2, 5).weights.tolist() == own[step.rows[2:5]].tolist()


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "leaky-relu"])
def test_the_gradient_with_dropout_is_the_slope_of_the_cost_of_what_is_kept(activation):
    """In native float64, by finite differences of a network written out."""
    config = replace(
        PLAIN,
        activation=activation,
        initializer="glorot",
        dropout=0.5,
        input_dropout=0.2,
        arithmetic="native",
        dtype="float64",
        strategy=SyncSGD(shards=1),
    )
    mlp, batch = config.mlp(), batches(config).part(step_of(config), 0, 24)
    parameters, gradient = config.initial_parameters(), config.initial_parameters()
    batch.learn(mlp, parameters, gradient)

    def cost() -> float:
        a = batch.x * batch.kept[0]
        for layer, kept in enumerate(batch.kept[1:]):
            a = parameters.weights[layer] @ a + parameters.biases[layer]
            mlp._activation.apply(a)
            a = a * kept
        a = parameters.weights[-1] @ a + parameters.biases[-1]
        a = np.exp(a - a.max(0))
        return float(-(batch.y * np.log(a / a.sum(0))).sum())

    h = 1e-6
    for index in np.random.default_rng(1).choice(len(parameters.flat), 60, replace=False):
        at = parameters.flat[index]
        parameters.flat[index] = at + h
        above = cost()
        parameters.flat[index] = at - h
        below = cost()
        parameters.flat[index] = at
        assert gradient.flat[index] == pytest.approx((above - below) / (2 * h), abs=1e-6)
