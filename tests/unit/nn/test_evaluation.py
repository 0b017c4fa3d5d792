"""Scores, and their sums."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.nn.score import Score, ScoreSum

COSTS = st.integers(0, 2**40).map(lambda count: count * 2.0**-24)


@given(costs=st.lists(COSTS, min_size=1, max_size=20), data=st.data())
def test_scores_are_added_in_any_order_to_the_same_sum(costs, data):
    total = ScoreSum()
    for cost in data.draw(st.permutations(costs)):
        total.add(Score(1, cost, 3))
    assert total.total == (len(costs), float(sum(map(Fraction, costs))), 3 * len(costs))


@pytest.mark.parametrize("cost", [math.inf, math.nan, 1e40])
def test_a_cost_that_is_no_number_counts_as_very_large(cost):
    score = Score.of(3, cost, 10)
    assert score == (3, 2.0**100, 10)
    total = ScoreSum()
    total.add(score)
    total.add(score)
    assert total.total.cost == 2.0**101
    assert score.is_possible
    assert total.total.is_possible


@pytest.mark.parametrize(
    "score", [(11, 1.0, 10), (3, -1.0, 10), (3, math.inf, 10), (3, math.nan, 10), (0, 1e300, 10), (0, 1.0, 0)]
)
def test_scores_that_no_samples_have(score):
    assert not Score(*score).is_possible
    assert Score(0, 0.0, 10).is_possible


def test_a_cost_is_not_below_zero():
    assert Score.of(3, -1e-30, 10).cost == 0.0
    assert math.copysign(1.0, Score.of(3, -0.0, 10).cost) == 1.0
    assert Score.of(3, 1.5, 10) == (3, 1.5, 10)


def test_what_a_score_says_of_one_sample():
    score = Score(3, 5.0, 10)
    assert (score.accuracy, score.mean_cost) == (0.3, 0.5)
