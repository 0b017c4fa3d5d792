"""What a model makes of samples: which classes it confuses, and which samples it gets most wrong."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from shared.data.samples import LabelledSamples
from shared.model import SavedModel
from shared.nn.arithmetic import one_thread, quiet
from shared.nn.evaluation import CHUNK
from shared.types import Array


class Mistake(NamedTuple):
    """A sample that a model takes for another class than its own."""

    row: int  # of the samples, from 0
    label: int  # its class
    taken_for: int
    strength: float  # of the output of what it is taken for
    own: float  # of the output of its class


class Confusion(NamedTuple):
    """How often one class is taken for another."""

    label: int
    taken_for: int
    n_samples: int


@dataclass(frozen=True)
class Findings:
    """What a model makes of samples of classes."""

    counts: Array  # (n_classes, n_classes) int64: how many samples of a row's class are taken for a column's
    mistakes: list[Mistake]  # the most wrong first

    @property
    def n_samples(self) -> int:
        return int(self.counts.sum())

    @property
    def n_mistakes(self) -> int:
        return self.n_samples - int(np.trace(self.counts))

    @property
    def confusions(self) -> list[Confusion]:
        """Which classes are taken for which, the most frequent first."""
        found = [
            Confusion(int(label), int(taken_for), int(self.counts[label, taken_for]))
            for label, taken_for in np.argwhere(self.counts)
            if label != taken_for
        ]
        return sorted(found, key=lambda each: (-each.n_samples, each.label, each.taken_for))

    @property
    def recall(self) -> Array:
        """Which part of each class is recognised: (n_classes,), not a number for a class without samples."""
        with np.errstate(invalid="ignore"):
            found: Array = np.diag(self.counts) / self.counts.sum(1)
        return found


def findings(model: SavedModel, samples: LabelledSamples, most: int) -> Findings:
    """Return what a model makes of samples that fit it, with at most so many of its mistakes.

    The most wrong are those whose wrong output exceeds most the right one.
    """
    n_classes = samples.n_classes
    counts = np.zeros((n_classes, n_classes), np.int64)
    mistakes: list[Mistake] = []
    with one_thread(), quiet():
        mlp = model.mlp()
        layers = mlp.rounded(model.parameters)
        for start in range(0, len(samples), CHUNK):
            rows = np.arange(start, min(start + CHUNK, len(samples)))
            x = samples.inputs(rows, mlp.inputs)
            labels = samples.labels[rows]
            predicted = mlp.predict(layers, x)  # not from the outputs: see there
            np.add.at(counts, (labels, predicted), 1)
            outputs = mlp.forward(layers, x)[-1]
            for column in np.flatnonzero(predicted != labels):
                label, taken_for = int(labels[column]), int(predicted[column])
                strengths = float(outputs[taken_for, column]), float(outputs[label, column])
                mistakes.append(Mistake(int(rows[column]), label, taken_for, *strengths))
            mistakes.sort(key=lambda each: (each.own - each.strength, each.row))
            del mistakes[most:]
    return Findings(counts, mistakes)
