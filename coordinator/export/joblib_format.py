"""joblib: an estimator of scikit-learn that predicts without GradMQ."""

import io
from typing import Any

import numpy as np

from shared.errors import ModelError
from shared.model import Model

_ACTIVATIONS = {"sigmoid": "logistic", "tanh": "tanh", "relu": "relu"}  # ours: scikit-learn's
_OUTPUTS = {"sigmoid": "logistic", "softmax": "softmax", "linear": "identity"}


class Joblib:
    """An MLPClassifier, after a StandardScaler if the network standardises its inputs."""

    extra = "joblib"

    def encode(self, model: Model) -> bytes:
        import joblib

        content = io.BytesIO()
        joblib.dump(_pipeline(model), content)
        return content.getvalue()


def _pipeline(model: Model) -> Any:
    """Return the estimator, fitted."""
    if model.activation not in _ACTIVATIONS:
        raise ModelError(f"scikit-learn has no {model.activation} neurons; export to .onnx, which takes any")
    classifier = _classifier(model)
    if model.standardize is None:
        return classifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    n_inputs = model.parameters.sizes[0]
    mean, deviation = model.standardize
    scaler.mean_, scaler.scale_ = np.full(n_inputs, mean), np.full(n_inputs, deviation)
    scaler.var_, scaler.n_features_in_, scaler.n_samples_seen_ = scaler.scale_**2, n_inputs, 1
    return Pipeline([("standardize", scaler), ("network", classifier)])


def _classifier(model: Model) -> Any:
    """Return an MLPClassifier as `fit` leaves it, as far as predicting needs that."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import LabelBinarizer

    sizes = model.parameters.sizes
    layers = model.mlp().rounded(model.parameters)
    found = MLPClassifier(sizes[1:-1], activation=_ACTIVATIONS[model.activation])
    found.coefs_ = [w.T.copy() for w in layers.weights]
    found.intercepts_ = [b[:, 0].copy() for b in layers.biases]
    found.n_features_in_, found.n_outputs_, found.n_layers_ = sizes[0], sizes[-1], len(sizes)
    found.out_activation_ = _OUTPUTS[model.output]
    found.classes_ = np.arange(sizes[-1])
    # One output a class, also where there are two; the strongest one is the answer, also of sigmoids.
    binarizer = LabelBinarizer().fit(found.classes_)
    binarizer.y_type_ = "multiclass"
    found._label_binarizer = binarizer
    return found
