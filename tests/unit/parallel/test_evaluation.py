"""Evaluations: any cut of them gives the same score, which is that of a slow truth."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.data.dataset import Dataset
from shared.data.parts import EVALUATED, Part
from shared.nn.arithmetic import quiet
from shared.nn.evaluation import evaluate
from shared.nn.score import ScoreSum
from shared.parallel.evaluation import Evaluation, evaluations_of
from shared.parallel.strategy import strategy_of
from tests.support.learning import CONFIG, DATA, EXACT, evaluation_of

STEP = evaluation_of(Part.VALIDATION)
LOCAL = replace(CONFIG, dtype="float64")


@pytest.mark.parametrize("config", [CONFIG, LOCAL, EXACT])
@given(data=st.data())
def test_an_evaluation_may_be_cut_anywhere_among_any_workers(config, data):
    parameters = config.initial_parameters()
    weights = strategy_of(config, DATA.training).broadcast(parameters)
    bounds = Evaluation(config, DATA.validation).bounds(len(DATA.validation))
    assert bounds == [0, 1000, 2000, 3000, 4000, 4500]
    cuts = sorted({0, 5, *data.draw(st.lists(st.integers(0, 5), max_size=4))})
    workers = [Evaluation(config, DATA.validation) for _ in range(2)]
    total = ScoreSum()
    for first, stop in data.draw(st.permutations(list(pairwise(cuts)))):
        result = workers[data.draw(st.integers(0, 1))].block(weights, STEP, first, stop)
        assert result.total.size == 0
        total.add(result.score)
    assert total.total == workers[0].block(weights, STEP, 0, 5).score


@pytest.mark.parametrize("config", [CONFIG, LOCAL, EXACT])
def test_the_score_is_that_of_each_sample_alone(config):
    mlp, parameters = config.mlp(), config.initial_parameters()
    layers = mlp.rounded(parameters)
    correct, cost, samples = Evaluation(config, DATA.validation).block(layers, STEP, 0, 5).score
    assert samples == 4500
    assert correct == evaluate(mlp, layers, DATA.validation).correct
    expected = 0.0
    for row in range(4500):
        x, (y, _) = (part(np.array([row]), mlp.inputs) for part in (DATA.validation.inputs, DATA.validation.wanted))
        expected += float(np.square(mlp.forward(layers, x)[-1].astype(float) - y).sum()) / 2
    assert cost == pytest.approx(expected, rel=1e-5)


def test_without_samples_there_are_no_units():
    none = replace(DATA.validation, images=DATA.validation.images[:0], labels=DATA.validation.labels[:0])
    evaluations = evaluations_of(CONFIG, Dataset(DATA.training, none, DATA.test))
    assert [*evaluations] == [*EVALUATED]
    assert evaluations[Part.VALIDATION].bounds(0) == [0]
    assert evaluations[Part.TEST].bounds(2000) == [0, 1000, 2000]


def test_weights_that_are_no_numbers_have_a_score_all_the_same():
    """The loop has looked at them before, but a worker is never left without an answer."""
    parameters = CONFIG.initial_parameters()
    parameters.flat[:] = np.nan
    with quiet():
        score = Evaluation(CONFIG, DATA.validation).block(parameters, STEP, 0, 5).score
    assert score.cost == 5 * 2.0**100
