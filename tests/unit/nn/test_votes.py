"""The class that several versions of an image are given together."""

import numpy as np

from shared.nn.evaluation import count_correct_by_vote, evaluate
from tests.support.exact import exact_mlp, parameters_of, samples_of
from tests.support.learning import SAMPLES

SIZES = (12, 5, 3)


def versions_of(n_versions: int) -> list[np.ndarray]:
    return [samples_of(SIZES, len(SAMPLES), seed)[0] for seed in range(n_versions)]


def test_one_version_is_what_is_counted_without_a_vote():
    mlp = exact_mlp(SIZES, 60)
    layers = mlp.rounded(parameters_of(SIZES, 1))
    alone = count_correct_by_vote(mlp, layers, SAMPLES.labels, lambda rows: [SAMPLES.inputs(rows, mlp.inputs)])
    assert alone == evaluate(mlp, layers, SAMPLES).correct


def test_the_strongest_mean_output_wins_in_any_order_of_the_versions():
    mlp, versions = exact_mlp(SIZES, 60), versions_of(5)
    layers = mlp.rounded(parameters_of(SIZES, 1))
    outputs = [mlp.forward(layers, x)[-1].copy() for x in versions]
    expected = int(np.count_nonzero(np.mean(outputs, axis=0).argmax(0) == SAMPLES.labels))
    for order in (versions, versions[::-1]):
        found = count_correct_by_vote(
            mlp, layers, SAMPLES.labels, lambda rows, order=order: [x[:, rows] for x in order]
        )
        assert found == expected


def test_many_samples_are_looked_at_in_parts_of_which_each_is_there_once(monkeypatch):
    monkeypatch.setattr("shared.nn.evaluation.CHUNK", 7)
    mlp, seen = exact_mlp(SIZES, 60), []
    layers = mlp.rounded(parameters_of(SIZES, 1))

    def versions(rows):
        seen.extend(rows.tolist())
        return [x[:, rows] for x in versions_of(2)]

    count_correct_by_vote(mlp, layers, SAMPLES.labels, versions)
    assert seen == list(range(60))
