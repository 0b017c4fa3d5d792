"""What a page is about: a run, its model, its samples, and what they are called."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from coordinator.page.findings import Findings, findings
from coordinator.page.mistakes import MOST_MISTAKES
from coordinator.runs.run import RunFolder
from coordinator.runs.summary import chosen_epoch
from shared.data.dataset import Dataset
from shared.data.parts import Part
from shared.data.samples import KnownSamples, LabelledSamples
from shared.model import SavedModel
from shared.types import Array


@dataclass(frozen=True)
class Subject:
    """A run, and what can be had of it."""

    run: RunFolder
    model: SavedModel | None  # of its best epoch, or else of its last; None if it has none yet
    data: Dataset | None  # its own samples; None if they cannot be had
    why_no_data: str = ""  # for people

    @property
    def which_model(self) -> str:
        """Which model it is, for people."""
        chosen = chosen_epoch(self.run)
        return "the model so far" if chosen is None else f"the model of epoch {chosen.epoch}"

    @property
    def part(self) -> Part:
        """Which samples the model is looked at with: those to test on, or if there are none those to validate."""
        return Part.TEST if self.data is None or len(self.data.test) else Part.VALIDATION

    @property
    def samples(self) -> KnownSamples | None:
        """The samples that the model is looked at with, if there are some."""
        samples = None if self.data is None else self.data.part(self.part)
        return samples if samples else None

    @cached_property
    def findings(self) -> Findings | None:
        """What the model makes of these samples; None without any, or if they have no classes."""
        if self.model is None or not isinstance(self.samples, LabelledSamples):
            return None
        return findings(self.model, self.samples, MOST_MISTAKES)

    @property
    def image_size(self) -> tuple[int, int] | None:
        """Height and width of the samples, if they are images; without samples, a square if inputs can be one."""
        encoding = self.run.encoding
        if self.data is not None:
            return self.data.image_size
        if encoding.columns or encoding.image_size:
            return encoding.image_size
        side = math.isqrt(self.run.config.sizes[0])
        return (side, side) if side * side == self.run.config.sizes[0] else None

    @property
    def output_names(self) -> list[str]:
        """The names of the classes, or of the targets."""
        encoding, n_outputs = self.run.encoding, self.run.config.sizes[-1]
        names = [*encoding.classes] or [target.name for target in encoding.targets]
        return (
            [str(name) for name in names] if len(names) == n_outputs else [str(number) for number in range(n_outputs)]
        )

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs; nothing where they have none."""
        names = self.run.encoding.input_names
        return names if len(names) == self.run.config.sizes[0] else []

    def undone(self, outputs: Array) -> Array:
        """Return the numbers that outputs, or wanted ones, (n_samples, n_targets), stand for, in the same shape."""
        encoding = self.run.encoding
        if not encoding.targets:
            return outputs
        return np.asarray(encoding.answers(outputs), np.float64).reshape(outputs.shape)
