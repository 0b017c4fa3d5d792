"""What a step makes of a mean gradient, against the published formulas and by hand."""

import numpy as np
import pytest

from shared.errors import ConfigError
from shared.optim.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Momentum, Nesterov, RMSprop
from tests.support.optimizers import TRIED, path

STEPS = 100
RATES = [0.05 + 0.03 * ((7 * t) % 5) for t in range(STEPS)]
each_tried = pytest.mark.parametrize("optimizer", TRIED, ids=str)


def slope(weight, t):
    """Of a valley that moves: no gradient is like the one before."""
    return 0.6 * weight - 0.4 + 0.3 * ((t % 7) - 3)


@each_tried
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-4)])
def test_a_hundred_steps_are_those_of_the_published_formula(optimizer, dtype, tolerance):
    weights = np.array([1.0, -2.0, 0.0, 0.3], dtype)
    expected = np.array([path(optimizer, float(w), slope, RATES) for w in weights]).T
    state, room = optimizer.initial_state(weights), np.empty_like(weights)
    for t, rate in enumerate(RATES):
        gradient = slope(weights, t).astype(dtype)
        optimizer.advance(state)
        weights *= optimizer.shrink(rate)
        optimizer.step(weights, gradient, state, rate, room)
        np.testing.assert_allclose(weights, expected[t], rtol=tolerance, atol=tolerance)


def test_every_kind_is_tried():
    assert {type(optimizer) for optimizer in TRIED} == set(OPTIMIZERS.values())


def test_nesterov_looks_ahead_along_its_velocity():
    optimizer, weights = Nesterov(0.5), np.array([1.0])
    state, room = optimizer.initial_state(weights), np.empty(1)
    assert state["ahead"].tolist() == [0.0]
    # g = 2; v = 2; w = 1 - 0.25 * (2 + 0.5 * 2)
    optimizer.step(weights, np.array([2.0]), state, 0.25, room)
    assert (weights.tolist(), state["ahead"].tolist()) == ([0.25], [0.5 * 2.0])
    # g = -1; v = 0.5 * 2 - 1 = 0; w = 0.25 - 0.25 * (-1 + 0.5 * 0)
    optimizer.step(weights, np.array([-1.0]), state, 0.25, room)
    assert (weights.tolist(), state["ahead"].tolist()) == ([0.5], [0.0])


def test_what_nesterov_remembers_costs_no_bit():
    """The textbook remembers the velocity; the weights are the same to the last bit."""
    rng = np.random.default_rng(0)
    optimizer, weights = Nesterov(0.9), rng.random(1000)
    state, plain, velocity = optimizer.initial_state(weights), weights.copy(), np.zeros(1000)
    for gradient in rng.standard_normal((50, 1000)):
        velocity = 0.9 * velocity + gradient
        plain = plain - 0.1 * (gradient + 0.9 * velocity)
        optimizer.step(weights, gradient.copy(), state, 0.1, np.empty(1000))
        assert (weights == plain).all()
        assert (state["ahead"] == 0.9 * velocity).all()


@pytest.mark.parametrize("optimizer", [SGD(), Nesterov(0.0)])
def test_without_momentum_nothing_is_remembered(optimizer):
    assert optimizer.initial_state(np.zeros(3)) == {}


@each_tried
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_remembered_is_the_optimizers_own_and_has_the_dtype_of_the_weights(optimizer, dtype):
    weights = np.array([1.0, 2.0], dtype)
    state = optimizer.initial_state(weights)
    for vector in state.values():
        assert (vector.shape, vector.dtype) in {((2,), np.dtype(dtype)), ((1,), np.dtype(np.float64))}
        vector += 1
    assert weights.tolist() == [1.0, 2.0]


def test_adam_remembers_the_powers_of_its_betas():
    optimizer = Adam(0.5, 0.25)
    state = optimizer.initial_state(np.zeros(3))
    for step in range(1, 4):
        optimizer.advance(state)
        assert (state["power_of_beta1"][0], state["power_of_beta2"][0]) == (0.5**step, 0.25**step)


def test_only_adamw_shrinks_the_weights():
    assert AdamW(weight_decay=0.5).shrink(0.25) == 1 - 0.125
    assert {type(each).__name__ for each in TRIED if each.shrink(0.1) != 1} == {"AdamW"}


@pytest.mark.parametrize(
    ("kind", "options", "rule"),
    [
        (Momentum, {"momentum": 1.0}, "must be at least 0 and below 1"),
        (Nesterov, {"momentum": -0.1}, "must be at least 0 and below 1"),
        (Nesterov, {"momentum": float("nan")}, "must be at least 0 and below 1"),
        (RMSprop, {"rho": 1.0}, "must be at least 0 and below 1"),
        (RMSprop, {"momentum": 1.0}, "must be at least 0 and below 1"),
        (RMSprop, {"epsilon": 0.0}, "must be a finite number above 0"),
        (Adam, {"beta1": 1.0}, "must be at least 0 and below 1"),
        (Adam, {"beta2": -1.0}, "must be at least 0 and below 1"),
        (Adam, {"epsilon": float("inf")}, "must be a finite number above 0"),
        (AdamW, {"beta2": 1.0}, "must be at least 0 and below 1"),
        (AdamW, {"weight_decay": -0.1}, "must be a finite number of at least 0"),
    ],
)
def test_an_option_out_of_its_range_is_named(kind, options, rule):
    with pytest.raises(ConfigError) as refused:
        kind(**options)
    assert ({refused.value.field}, refused.value.rule) == (options.keys(), rule)
