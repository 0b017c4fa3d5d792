"""The estimators are scikit-learn's: its own checks, its searches, its pipelines."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from gradmq import GradMQClassifier, GradMQRegressor

QUICK = {"hidden": 20, "epochs": 20, "learning_rate": 0.02}


def not_so(estimator: object) -> dict[str, str]:
    """What does not hold of networks that learn from mini-batches, scikit-learn's own among them."""
    return {"check_sample_weight_equivalence_on_dense_data": "a sample of weight 2 is in one mini-batch, not in two"}


@parametrize_with_checks([GradMQClassifier(**QUICK), GradMQRegressor(**QUICK)], expected_failed_checks=not_so)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_cross_validation_of_classes():
    x, y = load_iris(return_X_y=True)
    assert cross_val_score(GradMQClassifier(**QUICK), x, y, cv=3).mean() > 0.9


def test_cross_validation_of_numbers():
    x, y = load_diabetes(return_X_y=True)
    assert cross_val_score(GradMQRegressor(**QUICK), x, y, cv=3).mean() > 0.4


def test_a_search_over_options_in_a_pipeline():
    x, y = load_digits(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), GradMQClassifier(epochs=5, mini_batch_size=10))
    grid = {
        "gradmqclassifier__learning_rate": np.logspace(-2.5, -2, 2),
        "gradmqclassifier__hidden": [(10,), (20, 20)],
        "gradmqclassifier__optimizer": ["adam", "nesterov"],
    }
    search = GridSearchCV(pipeline, grid, cv=2).fit(x[:600], y[:600])
    assert search.best_score_ > 0.75
    assert search.predict(x[600:610]).shape == (10,)


def test_a_clone_learns_the_same_bits():
    x, y = load_iris(return_X_y=True)
    estimator = GradMQClassifier(**QUICK, seed=3)
    assert clone(estimator).fit(x, y).fingerprint_ == estimator.fit(x, y).fingerprint_
    assert clone(estimator).set_params(seed=4).fit(x, y).fingerprint_ != estimator.fingerprint_
