"""Where samples were found in their file or folder, for people."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared.types import Array, Rows

FILE = "file"


@dataclass(frozen=True)
class Locations:
    """Where each of some samples was found.

    source: the file or folder.  unit: what samples are told apart by in there: "line", "row" or "file".
    names: (n_samples,) numbers of lines, from 1, or of rows, from 0; of files, their paths in the folder. A range takes
    no memory where samples stay on the disk.
    """

    source: str
    unit: str
    names: Array | range

    def take(self, rows: Rows | slice) -> "Locations":
        """Return those of the samples in these rows."""
        names = self.names[rows] if isinstance(rows, slice) else np.asarray(self.names)[rows]
        return Locations(self.source, self.unit, names)

    def of(self, row: int) -> str:
        """Return where a sample was found."""
        name = self.names[row]
        return str(Path(self.source, str(name))) if self.unit == FILE else f"{self.source}, {self.unit} {name}"
