"""What a network learns from in a step: samples, and what is done to them before each pass."""

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np

from shared.config import TrainConfig
from shared.data.augment.deformation import Deformer
from shared.data.sampler import Step
from shared.data.samples import LabelledSamples, Samples, VectorSamples
from shared.nn.memory import Memory
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
        outputs = mlp.backward(layers, self.x, self.y, gradient, self.weights, self.kept)
        return mlp.score_outputs(outputs, self.y, self.labels, self.weights)


class Batches:
    """Gives any part of any step. All that is random in it depends on the run's seed and on the sample's place."""

    def __init__(self, config: TrainConfig, samples: Samples, mlp: MLP) -> None:
        self._config, self._samples, self._form = config, samples, mlp.inputs
        self._weights = weights_of(config, samples)
        self._dropout = config.dropout_of_layers()
        self._deformer, self._images, self._deformed = None, Memory(np.uint8), Memory(np.float32)
        if config.augment is not None and config.image_shape is not None:
            self._deformer = Deformer(config.augment, *config.image_shape)

    def part(self, step: Step, first: int, stop: int) -> Batch:
        """Return samples `first` to `stop - 1` of a step."""
        rows = step.rows[first:stop]
        y, labels = self._samples.wanted(rows, self._form, self._config.label_smoothing)
        weights = None if self._weights is None else self._weights.take(rows)
        kept = () if self._dropout is None else self._dropout.kept(step.update, first, stop)
        return Batch(self._inputs(step, rows, first), y, labels, weights, kept)

    def count(self, step: Step, first: int = 0, stop: int | None = None) -> float:
        """Return by what the sum over these samples is to be divided for their mean: the sum of their weights."""
        rows = step.rows[first:stop]
        return len(rows) if self._weights is None else total(self._weights.take(rows))

    def _inputs(self, step: Step, rows: Rows, first: int) -> Array:
        if self._deformer is None:
            return self._samples.inputs(rows, self._form)
        samples = cast(LabelledSamples, self._samples)
        images = samples.images.take(rows, 0, self._images.array((len(rows), samples.n_inputs)), "clip")
        position = step.index * self._config.samples_per_step + first
        deformed = self._deformer.apply(
            images, self._config.seed, step.epoch, position, self._deformed.array(images.shape)
        )
        return self._form.convert(deformed).T


def weights_of(config: TrainConfig, samples: Samples) -> Vector | None:
    """Return the weight of each training sample, its own times that of its class: (n_samples,); None: all are 1."""
    if isinstance(samples, VectorSamples):
        return samples.weights
    if not isinstance(samples, LabelledSamples) or not (config.class_weights or samples.weights is not None):
        return None
    of_classes = np.array(config.class_weights or (1.0,) * config.sizes[-1]).take(samples.labels)
    found: Vector = of_classes if samples.weights is None else of_classes * samples.weights
    return found


def total(weights: Vector) -> float:
    """Return the sum of weights, which are on grids: exact, and so the same in any order."""
    return float(np.add.reduce(weights))
