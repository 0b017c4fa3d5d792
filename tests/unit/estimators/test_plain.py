"""The estimators where scikit-learn is not installed."""

import importlib
import pickle
import sys

import numpy as np
import pandas
import pytest


@pytest.fixture
def plain(monkeypatch):
    """The estimators' modules as they are without scikit-learn."""
    for name in [name for name in sys.modules if name.split(".")[0] == "sklearn"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    for name in [name for name in sys.modules if name.startswith("coordinator.estimators.")]:
        monkeypatch.delitem(sys.modules, name)
    # Not by `from … import`, which would find them as they were, in their package.
    names = ("plain", "classifier", "regressor")
    plain, classifier, regressor = (importlib.import_module(f"coordinator.estimators.{name}") for name in names)
    assert classifier.ClassifierMixin is plain.ClassifierMixin
    return classifier.GradMQClassifier, regressor.GradMQRegressor


QUICK = {"hidden": 8, "epochs": 20, "learning_rate": 0.05}
X = np.linspace(-1, 1, 60)[:, np.newaxis]


def test_they_learn_predict_and_score(plain):
    classifier, regressor = plain
    names = np.where(X[:, 0] > 0, "right", "left")
    found = classifier(**QUICK).fit(X, names)
    assert found.score(X, names) > 0.9
    assert found.predict_proba(X).shape == (60, 2)
    assert regressor(**{**QUICK, "epochs": 40}).fit(X.tolist(), 3 * X).score(X, 3 * X) > 0.9
    assert pickle.dumps(found.model_)


def test_they_have_parameters(plain):
    classifier, _ = plain
    found = classifier(hidden=(3, 4), epochs=7)
    assert repr(found) == "GradMQClassifier(hidden=(3, 4), epochs=7)"
    assert found.get_params()["hidden"] == (3, 4)
    assert found.set_params(epochs=8).epochs == 8
    with pytest.raises(ValueError, match="Invalid parameter 'epoch'"):
        found.set_params(epoch=8)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, X[:, 0], "Unknown label type"),
        (X, X[:5, 0] > 0, "X has 60 samples, and y 5"),
        (X[:, 0], X[:, 0] > 0, "give a row for each sample"),
        (np.where(X > 0.9, np.nan, X), X[:, 0] > 0, "NaN or infinity"),
        (X, None, "requires y to be passed"),
        (X, np.ones(60), "one class"),
        (X[:0], [], "0 sample"),
        ([["a"]], ["b"], "could not convert"),
    ],
)
def test_what_is_wrong_is_refused(plain, x, y, message):
    with pytest.raises(ValueError, match=message):
        plain[0](**QUICK).fit(x, y)


def test_what_is_to_be_predicted_is_checked(plain):
    classifier, _ = plain
    with pytest.raises(AttributeError, match="not fitted yet"):
        classifier().predict(X)
    found = classifier(**QUICK).fit(X, X[:, 0] > 0)
    with pytest.raises(ValueError, match="X has 2 features, but GradMQClassifier is expecting 1 features"):
        found.predict(np.hstack([X, X]))
    with pytest.raises(ValueError, match="sample_weight has shape"):
        found.fit(X, X[:, 0] > 0, [1.0])


def test_weights_count(plain):
    _, regressor = plain
    y = np.where(np.arange(60) % 2, 1.0, -1.0)  # nothing to be told from x
    found = regressor(**QUICK).fit(X, y, np.where(y > 0, 1.0, 0.01))
    assert found.predict(X).mean() > 0.5
    assert found.score(X, y, y > 0) < 1


def test_columns_have_the_names_and_the_order_of_the_training(plain):
    classifier, _ = plain
    frame = pandas.DataFrame({"a": X[:, 0], "b": -X[:, 0]})
    found = classifier(**QUICK).fit(frame, X[:, 0] > 0)
    assert found.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(
        ValueError, match=r"The feature names should match .*, and are \['b', 'a'\]; give these columns"
    ):
        found.predict(frame[["b", "a"]])
    assert not hasattr(found.fit(X, X[:, 0] > 0), "feature_names_in_")
    with pytest.raises(ValueError, match="two columns of X are named a"):
        found.fit(pandas.concat([frame["a"], frame["a"]], axis=1), X[:, 0] > 0)


def test_a_constant_target_is_explained_if_it_is_predicted(plain):
    _, regressor = plain
    found = regressor(**QUICK).fit(X, np.zeros(60))
    assert found.score(X, np.full(60, 7.0)) == 0
    assert found.score(X, found.predict(X)) == 1
