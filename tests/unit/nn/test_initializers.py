"""The first weights, which never change."""

import numpy as np
import pytest

from shared.nn.initializers import INITIALIZERS
from shared.nn.parameters import Parameters
from shared.nn.random import Purpose, stream
from tests.support.learning import drawn

# Of a network with layers 3,2 and seed 0: W_1, then b_1, though the biases are drawn first.
RECORDED = {
    "standard-normal": [
        1.3265118818830892,
        1.2048090979493156,
        -0.03910371209917862,
        -0.5194192970029236,
        -1.1132959094272785,
        -1.7673803015404892,
        0.15929546600623282,
        -1.7741885208017214,
    ],
}


def draw(name: str, sizes: tuple[int, ...] = (3, 2), dtype: str = "float64", seed: int = 0) -> Parameters:
    parameters = Parameters(sizes, dtype)
    INITIALIZERS[name].draw(parameters, stream(seed, Purpose.WEIGHTS, 0))
    return parameters


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_first_weights_never_change(name):
    """Recorded once: another value would make old runs unrepeatable. A new initializer needs its numbers here."""
    assert draw(name).flat.tolist() == pytest.approx(RECORDED[name], rel=1e-15)


def test_a_run_begins_with_them():
    assert drawn((3, 2), seed=0, dtype="float64").flat.tolist() == pytest.approx(RECORDED["standard-normal"], rel=1e-15)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_they_depend_on_the_seed_alone(name):
    assert draw(name).sha256 == draw(name).sha256 != draw(name, seed=1).sha256


@pytest.mark.parametrize("name", INITIALIZERS)
def test_in_less_precision_they_are_the_same_numbers_rounded(name):
    assert draw(name, dtype="float32").flat.tolist() == draw(name).flat.astype(np.float32).tolist()


def test_standard_normal_has_mean_0_and_variance_1_for_weights_and_biases():
    parameters = draw("standard-normal", (300, 200, 100))
    for layer in (*parameters.weights, *parameters.biases):
        tolerance = 5 / np.sqrt(layer.size)
        assert abs(layer.mean()) < tolerance
        assert abs(layer.var() - 1) < 1.5 * tolerance
