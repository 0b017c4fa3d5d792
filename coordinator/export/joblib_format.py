"""joblib: an estimator of scikit-learn that predicts without GradMQ."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from coordinator.export.description import numeric_columns
from shared.data.columns import LIMIT, Numeric
from shared.errors import ModelError
from shared.model import SavedModel
from shared.types import Array

_ACTIVATIONS = {"sigmoid": "logistic", "tanh": "tanh", "relu": "relu"}  # ours: scikit-learn's
_OUTPUTS = {"sigmoid": "logistic", "softmax": "softmax", "linear": "identity"}


class Joblib:
    """An MLPClassifier or an MLPRegressor, in a Pipeline after what its inputs need, if they need anything."""

    extra = "joblib"

    def encode(self, model: SavedModel) -> bytes:
        import joblib

        content = io.BytesIO()
        joblib.dump(_estimator(model), content)
        return content.getvalue()


def _estimator(model: SavedModel) -> Any:
    """Return the estimator, as `fit` leaves it, as far as predicting needs that.  Raises ModelError."""
    if model.activation not in _ACTIVATIONS or model.output not in _OUTPUTS:
        raise ModelError(f"scikit-learn has no {model.activation} neurons; export to .onnx, which takes any")
    columns = numeric_columns(model.encoding)
    if model.encoding.columns and not columns:
        raise ModelError("the model takes categories, whose columns a .joblib lacks; export to .onnx, encoded")
    steps = _of_columns(columns) if columns else []
    mean, deviation = model.standardize or (0.0, 1.0)
    # An encoding's inputs are in units of LIMIT, which most networks undo by themselves.
    unit = LIMIT if columns else 1.0
    if (mean, deviation * unit) != (0.0, 1.0):
        n_inputs = model.parameters.sizes[0]
        steps.append(("standardize", _scaler(np.full(n_inputs, mean * unit), np.full(n_inputs, deviation * unit))))
    network = _regressor(model) if model.predicts_numbers else _classifier(model)
    if not steps:
        return network
    from sklearn.pipeline import Pipeline

    return Pipeline([*steps, ("network", network)])


def _of_columns(columns: Sequence[Numeric]) -> list[tuple[str, Any]]:
    """Return what makes inputs of a table's numbers."""
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import FunctionTransformer

    steps: list[tuple[str, Any]] = []
    if all(column.missing is not None for column in columns):
        steps.append(("impute", SimpleImputer().fit([[column.missing for column in columns]])))
    means, deviations = (np.array([getattr(column, name) for column in columns]) for name in ("mean", "deviation"))
    limits = {"a_min": -LIMIT, "a_max": LIMIT}
    return [*steps, ("scale", _scaler(means, deviations)), ("limit", FunctionTransformer(np.clip, kw_args=limits))]


def _scaler(means: Array, deviations: Array) -> Any:
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    scaler.mean_, scaler.scale_, scaler.var_ = means, deviations, deviations**2
    scaler.n_features_in_, scaler.n_samples_seen_ = len(means), 1
    return scaler


def _classifier(model: SavedModel) -> Any:
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import LabelBinarizer

    found = MLPClassifier(model.parameters.sizes[1:-1], activation=_ACTIVATIONS[model.activation])
    _set_network(found, model)
    found.classes_ = np.array(model.encoding.classes or range(found.n_outputs_))
    # One output a class, also where there are two; the strongest one is the answer, also of sigmoids.
    binarizer = LabelBinarizer().fit(found.classes_)
    binarizer.classes_, binarizer.y_type_ = found.classes_, "multiclass"
    found._label_binarizer = binarizer
    return found


def _regressor(model: SavedModel) -> Any:
    from sklearn.neural_network import MLPRegressor

    if model.output != "linear":
        raise ModelError(f"scikit-learn predicts no numbers by {model.output} outputs; export to .onnx, which does")
    found = MLPRegressor(model.parameters.sizes[1:-1], activation=_ACTIVATIONS[model.activation])
    _set_network(found, model)
    means, deviations = (
        np.array([getattr(target, name) for target in model.encoding.targets]) for name in ("mean", "deviation")
    )
    found.coefs_[-1] = found.coefs_[-1] * deviations
    found.intercepts_[-1] = found.intercepts_[-1] * deviations + means
    return found


def _set_network(found: Any, model: SavedModel) -> None:
    layers, sizes = model.mlp().rounded(model.parameters), model.parameters.sizes
    found.coefs_ = [w.T.copy() for w in layers.weights]
    found.intercepts_ = [b[:, 0].copy() for b in layers.biases]
    found.n_features_in_, found.n_outputs_, found.n_layers_ = sizes[0], sizes[-1], len(sizes)
    found.out_activation_ = _OUTPUTS[model.output]
