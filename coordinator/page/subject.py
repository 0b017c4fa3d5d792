"""What a page is about: a run, its model, its samples, and what they are called."""

import math
from dataclasses import dataclass
from functools import cached_property

from coordinator.page.findings import Findings, findings
from coordinator.page.mistakes import MOST_MISTAKES
from coordinator.runs.model_file import Model
from coordinator.runs.run import Run
from coordinator.runs.summary import chosen_epoch
from shared.data.dataset import Dataset
from shared.data.samples import LabelledSamples


@dataclass(frozen=True)
class Subject:
    """A run, and what can be had of it."""

    run: Run
    model: Model | None  # of its best epoch, or else of its last; None if it has none yet
    data: Dataset | None  # its own samples; None if they cannot be had
    why_no_data: str = ""  # for people

    @property
    def which_model(self) -> str:
        """Which model it is, for people."""
        chosen = chosen_epoch(self.run)
        return "the model so far" if chosen is None else f"the model of epoch {chosen.epoch}"

    @cached_property
    def findings(self) -> Findings | None:
        """What the model makes of the test samples; None without them, or if they have no classes."""
        if self.model is None or self.data is None or not isinstance(self.data.test, LabelledSamples):
            return None
        return findings(self.model, self.data.test, MOST_MISTAKES)

    @property
    def image_size(self) -> tuple[int, int] | None:
        """Height and width of the samples, if they are images; without samples, a square if inputs can be one."""
        if self.data is not None:
            return self.data.image_size
        side = math.isqrt(self.run.config.sizes[0])
        return (side, side) if side * side == self.run.config.sizes[0] else None

    @property
    def output_names(self) -> list[str]:
        """The names of the classes, or of the targets."""
        return [str(number) for number in range(self.run.config.sizes[-1])]

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs; nothing where they have none."""
        return []
