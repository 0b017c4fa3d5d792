"""MNIST's 10,000 test images, networks for them, and what these answer."""

from dataclasses import replace
from typing import Any

import numpy as np

from shared.data.idx import read_idx
from shared.model import SavedModel
from shared.nn.arithmetic import quiet
from shared.nn.parameters import Parameters
from shared.nn.prediction import Answers, answers_to
from tests.support.mnist import MNIST

IMAGES = read_idx(MNIST / "t10k-images-idx3-ubyte.gz", 3).reshape(-1, 784)
LABELS = read_idx(MNIST / "t10k-labels-idx1-ubyte.gz", 1)


def model(
    arithmetic: str,
    activation: str,
    output: str,
    standardize: tuple[float, float] | None = None,
    dtype: Any = "float64",
    steep: float = 1.0,
) -> SavedModel:
    """A network that has learned nothing; with some steep weights it takes its functions to their ends."""
    rng = np.random.default_rng(0)
    parameters = Parameters((784, 30, 20, 10), dtype)
    for w, b in zip(parameters.weights, parameters.biases, strict=True):
        w[...] = rng.normal(0, 1, w.shape) / np.sqrt(w.shape[1])
        b[...] = rng.normal(0, 0.1, b.shape)
        w[:3] *= steep
    return SavedModel(parameters, activation, output, "quadratic", standardize, arithmetic)


def answers(model: SavedModel, inputs: np.ndarray) -> Answers:
    """What a network answers."""
    mlp = model.mlp()
    with quiet():
        found = list(answers_to(mlp, mlp.rounded(model.parameters), inputs))
    return Answers(*(np.concatenate(each) for each in zip(*found, strict=True)))


def assert_same_labels(labels: np.ndarray, ours: Answers, error: float) -> None:
    """They are equal, except where the two strongest outputs differ by less than the error of either."""
    strongest = np.sort(ours.outputs, axis=1)
    clear = strongest[:, -1] - strongest[:, -2] > 2 * error
    assert clear.mean() > 0.5
    assert np.array_equal(labels[clear], ours.labels[clear])


def first_outputs(whole: SavedModel, count: int) -> SavedModel:
    """The same network with only the first outputs."""
    parameters = Parameters((*whole.parameters.sizes[:-1], count), whole.parameters.dtype)
    parameters.flat[...] = whole.parameters.flat[: len(parameters.flat)]
    return replace(whole, parameters=parameters)
