"""What a network learns from in a step: samples, and what is done to them before each pass."""

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np

from shared.config import TrainConfig
from shared.data.augment.deformation import Deformer
from shared.data.sampler import Step
from shared.data.samples import LabelledSamples, Samples
from shared.nn.mlp import MLP, Layers
from shared.nn.score import Score
from shared.types import Array, Rows, Vector


class Batch(NamedTuple):
    """Samples of a step, as `MLP.backward` takes them."""

    x: Array
    y: Array
    labels: Rows | None
    weights: Vector | None
    kept: Sequence[Array | None]

    def learn(self, mlp: MLP, layers: Layers, gradient: Layers) -> Score:
        """Write the gradient of these samples' cost; return how good the network was."""
        outputs = mlp.backward(layers, self.x, self.y, gradient, weights=self.weights, kept=self.kept)
        return mlp.rate(outputs, self.y, self.labels, self.weights)


class Batches:
    """Gives any part of any step. All that is random in it depends on the run's seed and on the sample's place."""

    def __init__(self, config: TrainConfig, samples: Samples, mlp: MLP) -> None:
        self._config, self._samples, self._form = config, samples, mlp.inputs
        self._class_weights = np.array(config.class_weights)
        self._dropout = config.dropout_of_layers()
        self._deformer = None
        if config.augment is not None and config.image_shape is not None:
            self._deformer = Deformer(config.augment, *config.image_shape)

    def part(self, step: Step, first: int, stop: int) -> Batch:
        """Return samples `first` to `stop - 1` of a step."""
        rows = step.rows[first:stop]
        y, labels = self._samples.wanted(rows, self._form, self._config.label_smoothing)
        weights = None if labels is None or not len(self._class_weights) else self._class_weights.take(labels)
        kept = () if self._dropout is None else self._dropout.kept(step.update, first, stop)
        return Batch(self._inputs(step, rows, first), y, labels, weights, kept)

    def count(self, step: Step, first: int = 0, stop: int | None = None) -> float:
        """Return by what the sum over these samples is to be divided for their mean: the sum of their weights."""
        rows = step.rows[first:stop]
        if not len(self._class_weights):
            return len(rows)
        labels = cast(LabelledSamples, self._samples).labels.take(rows)
        return float(np.add.reduce(self._class_weights.take(labels)))  # exact: weights are on a grid

    def _inputs(self, step: Step, rows: Rows, first: int) -> Array:
        if self._deformer is None:
            return self._samples.inputs(rows, self._form)
        images = cast(LabelledSamples, self._samples).images.take(rows, axis=0)
        place = step.index * self._config.samples_per_step + first
        return self._form.convert(self._deformer.apply(images, self._config.seed, step.epoch, place)).T
