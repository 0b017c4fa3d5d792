"""The samples that a model is looked at with, and what they are called."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coordinator.page.text import shortened
from shared.data.locations import FILE
from shared.data.parts import Part
from shared.data.samples import KnownSamples

_LONGEST, _SHORT = 30, 16  # letters of a file's name


@dataclass(frozen=True)
class Looked:
    """Samples that a model was looked at with.

    A sample is called as whoever has made the data can find it, by its line, its row or its file; where nobody knows
    that, by its number in the part.
    """

    samples: KnownSamples
    part: Part  # of the data
    names: Sequence[str]  # of the classes, or of the targets
    size: tuple[int, int] | None = None  # height and width of the images, if they are some

    @property
    def head(self) -> str:
        """What `name` is, for the head of a column."""
        locations = self.samples.locations
        if locations is None:
            return f"{self.part} sample"
        return f"{locations.unit} of {shortened(Path(locations.source).name, _LONGEST)}"

    def name(self, row: int) -> str:
        """Return what tells a sample from the others."""
        locations = self.samples.locations
        return str(row if locations is None else locations.names[row])

    def short_name(self, row: int) -> str:
        """Return what goes below a sample's image, whose class is said there: nothing for a number in a part."""
        locations = self.samples.locations
        if locations is None:
            return ""
        name = self.name(row)
        return shortened(Path(name).name, _SHORT) if locations.unit == FILE else f"{locations.unit} {name}"

    def place(self, row: int) -> str:
        """Return what a sample is called where nothing else says what the data is."""
        locations = self.samples.locations
        return f"{self.part} sample {row}" if locations is None else locations.of(row)
