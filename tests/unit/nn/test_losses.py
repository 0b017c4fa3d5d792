"""Costs and their derivatives."""

import numpy as np

from shared.nn.mlp import cost_derivative


def test_the_costs_derivative_is_the_difference():
    assert cost_derivative(np.array([[0.75]]), np.array([[1.0]])).tolist() == [[-0.25]]
