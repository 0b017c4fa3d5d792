"""What a step makes of a gradient."""

import numpy as np

from shared.nn.parameters import Parameters
from shared.parallel.sgd import sgd_step


def test_a_step_subtracts_the_mean_gradient_times_eta():
    parameters = Parameters((1, 1), np.float64)
    parameters.flat[:] = [1.0, 2.0]
    sgd_step(parameters, np.array([10.0, -20.0]), eta=3.0, n_samples=10)
    assert parameters.flat.tolist() == [1.0 - 3.0, 2.0 + 6.0]
    assert parameters.weights[0].tolist() == [[-2.0]]
