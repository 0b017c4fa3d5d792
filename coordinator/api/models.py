"""`gradmq.load_model`: a network that was trained, from Python."""

import html
from pathlib import Path
from typing import Any

import numpy as np

from coordinator.api.scores import r2_of
from coordinator.prediction.local import local_answers
from coordinator.runs.lookup import find_model, path_of_model
from coordinator.runs.model_file import save_model
from shared.config import join
from shared.data.encoding import Encoding
from shared.data.labels import wanted_of
from shared.errors import DataError
from shared.model import SavedModel
from shared.nn.prediction import Answers
from shared.types import Array

_RUNS = Path("runs")


def load_model(path: str | Path, *, runs: str | Path = _RUNS) -> "Model":
    """Return the model in a file, or that of a run, by its folder or its id in `runs`: of its best epoch.

    Raises ModelError or RunError.
    """
    found = find_model(Path(path), Path(runs))
    return Model(found, path_of_model(Path(path), Path(runs)))


class Model:
    """A network that can be used. Samples are given as they were for the training: a row each."""

    def __init__(self, model: SavedModel, path: Path | None = None) -> None:
        """model: what is in its file.  path: that file, if there is one."""
        self.saved, self.path = model, path

    @property
    def encoding(self) -> Encoding:
        """How samples become its inputs, and its outputs answers."""
        return self.saved.encoding

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of each layer, inputs first."""
        return self.saved.parameters.sizes

    @property
    def weights(self) -> list[Array]:
        """W_1, W_2, …, each (n_out, n_in)."""
        return self.saved.parameters.weights

    @property
    def biases(self) -> list[Array]:
        """b_1, b_2, …, each (n_out, 1)."""
        return self.saved.parameters.biases

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the weights."""
        return self.saved.parameters.sha256

    @property
    def classes(self) -> list[Any]:
        """The names of the classes, in the order of the outputs; nothing if it predicts numbers."""
        if self.saved.predicts_numbers:
            return []
        return list(self.encoding.classes or range(self.sizes[-1]))

    def answers(self, samples: Any) -> Answers:
        """Return the numbers of the strongest outputs, and all outputs, of each sample.  See `outputs`."""
        found = list(local_answers(self.saved, [self.saved.inputs(samples)]))
        if not found:
            return Answers(np.empty(0, np.int64), np.empty((0, self.sizes[-1])))
        labels, outputs = zip(*found, strict=True)
        return Answers(np.concatenate(labels), np.concatenate(outputs))

    def outputs(self, samples: Any) -> Array:
        """Return what the last layer gives: (n_samples, n_outputs).

        samples: an array, a DataFrame or a mapping of columns, as for the training; bytes stand for 0 … 1.
        Raises DataError for what does not fit.
        """
        return self.answers(samples).outputs

    def predict(self, samples: Any) -> Array:
        """Return each sample's class, or the numbers that are predicted of it.  See `outputs`."""
        found = self.saved.named(self.answers(samples))
        return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found

    def predict_proba(self, samples: Any) -> Array:
        """Return the probability of each class, (n_samples, n_classes), as the network sees it.  See `outputs`.

        Outputs that are no probabilities, as those of sigmoids, are divided by their sum.
        """
        return probabilities(self.outputs(samples))

    def score(self, samples: Any, answers: Any) -> float:
        """Return which part of the predicted classes is right, or of numbers R².

        answers: the right ones, in any type: 7 and "7" are the same class.  Raises DataError for what does not fit.
        """
        right = wanted_of(answers, "the answers")
        if self.classes:
            found = self.answers(samples).labels
            _check_length(right, found)
            return float(np.mean(found == self.encoding.labels(right, self.sizes[-1])))
        predicted = self.predict(samples)
        _check_length(right, predicted)
        if right.dtype.kind == "U" or right.shape != predicted.shape:
            what = "texts" if right.dtype.kind == "U" else f"of shape {right.shape}"
            raise DataError(
                f"the answers are {what}, and the model predicts numbers of shape {predicted.shape}; give such"
            )
        return r2_of(right.astype(np.float64), predicted)

    def save(self, path: str | Path) -> None:
        """Write it into a file, an .npz, for `load_model` and for `gradmq evaluate` and the like."""
        save_model(Path(path), self.saved)

    def __repr__(self) -> str:
        """A line that tells what it is, and of what."""
        model = self.saved
        kinds = f"{model.activation}, {model.output}, {model.loss}"
        file = "" if self.path is None else f" in {shown(self.path)}"
        return f"Model {join(self.sizes)} ({kinds}) {self.fingerprint[:12]}{file}"

    def _repr_html_(self) -> str:
        return f"<code>{html.escape(repr(self))}</code>"


def _check_length(right: Array, predicted: Array) -> None:
    if len(right) != len(predicted):
        raise DataError(f"there are {len(right)} answers for {len(predicted)} samples; give one for each")


def shown(path: Path) -> str:
    """Return a path for people: from the current folder on, if it is in there."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def probabilities(outputs: Array) -> Array:
    """Return outputs (n_samples, n_classes) divided by their sums, so that each row is one of probabilities.

    Where all are 0, each is as probable as any other.
    """
    found = np.maximum(outputs, 0.0).astype(np.float64)
    sums = found.sum(1, keepdims=True)
    return np.where(sums > 0, found / np.where(sums > 0, sums, 1.0), 1.0 / max(1, found.shape[1]))
