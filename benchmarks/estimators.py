"""The estimators beside scikit-learn's own perceptron: the same network, optimizer and epochs, on its small data sets.

Scores are means of a cross-validation: accuracy, of the diabetes data R². Seconds are of all its fits.
"""

import time
import warnings
from collections.abc import Callable
from typing import Any

from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.cli import Parser, names_of
from benchmarks.tables import figure, table, write
from gradmq import GradMQClassifier, GradMQRegressor
from shared.nn.arithmetic import one_thread

DATA: dict[str, Callable[..., Any]] = {
    "iris": load_iris,
    "wine": load_wine,
    "cancer": load_breast_cancer,
    "digits": load_digits,
    "diabetes": load_diabetes,
}


def scikit_learns(regression: bool, epochs: int) -> Any:
    """Return its perceptron with what ours does by itself: scaled columns, and scaled numbers to be predicted."""
    options = {"max_iter": epochs, "n_iter_no_change": epochs + 1, "tol": 0, "batch_size": 32, "alpha": 0}
    kind = MLPRegressor if regression else MLPClassifier
    network = kind(hidden_layer_sizes=(100,), random_state=0, learning_rate_init=0.003, **options)
    pipeline = make_pipeline(StandardScaler(), network)
    return TransformedTargetRegressor(pipeline, transformer=StandardScaler()) if regression else pipeline


def ours(regression: bool, epochs: int, workers: int) -> Any:
    return (GradMQRegressor if regression else GradMQClassifier)(epochs=epochs, workers=workers)


def measured(estimator: Any, x: Any, y: Any, regression: bool, n_folds: int) -> tuple[float, float]:
    """Return the score, and how many seconds it took."""
    folds = (KFold if regression else StratifiedKFold)(n_folds, shuffle=True, random_state=0)
    began = time.perf_counter()
    score = float(cross_val_score(estimator, x, y, cv=folds, error_score="raise").mean())
    return score, time.perf_counter() - began


def main() -> None:
    parser = Parser("benchmarks.estimators", __doc__, results="estimators.md")
    parser.amount("--data", list(DATA), ["iris"], "to learn", type=names_of(DATA), metavar="NAME,…")
    parser.amount("--epochs", 50, 2, "of each fit")
    parser.amount("--folds", 3, 2, "of the cross-validation")
    options = parser.parse()

    rows = []
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # as many epochs as ours are wanted
        for name in options.data:
            x, y = DATA[name](return_X_y=True)
            regression, epochs = name == "diabetes", options.epochs
            estimators = [scikit_learns(regression, epochs), *(ours(regression, epochs, each) for each in (0, 2))]
            found = [measured(estimator, x, y, regression, options.folds) for estimator in estimators]
            rows.append([name, *(f"{score:.3f} / {figure(seconds)}" for score, seconds in found)])
    heads = ("score / seconds", "scikit-learn's MLP", "in this process", "2 workers")
    text = f"A hidden layer of 100, Adam, {options.epochs} epochs, {options.folds} folds.\n\n{table(heads, rows)}"
    print(text)
    write(text, options.results, "estimators.md")


if __name__ == "__main__":
    main()
