"""The figures of an epoch that is still going on: of the samples that it has learned from so far."""

from shared.config import TrainConfig
from shared.data.samples import KnownSamples, LabelledSamples
from shared.nn.score import Score
from shared.training.metrics import mean_weight
from shared.training.state import TrainingState


class RunningFigures:
    """Accuracy and cost of an epoch so far, each sample's by the weights before the step that it was part of."""

    def __init__(self, config: TrainConfig, training: KnownSamples) -> None:
        self._mean_weight = mean_weight(config, training)
        self._has_classes = isinstance(training, LabelledSamples)

    def of(self, state: TrainingState) -> tuple[float | None, float] | None:
        """Return accuracy, if samples have classes, and mean cost.

        None before the first step, and where no score of all its samples was kept.
        """
        score: Score = state.score.total
        if not score.samples or score.samples != state.samples:
            return None
        return score.accuracy if self._has_classes else None, score.mean_cost / self._mean_weight
