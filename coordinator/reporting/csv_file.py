"""A CSV of runs' epochs, for a spreadsheet or pandas."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from shared.errors import RunError, UnwritableError
from shared.training.callbacks import Callback
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState

COUNTS = ("requests", "retried")  # of the ledger, without what it says of each worker
COLUMNS = (
    "run",
    *(field.name for field in fields(EpochMetrics) if field.name != "ledger"),
    *COUNTS,
)


class CsvFile(Callback):
    """A row an epoch, with a run's name in the first column: the file may have rows of other runs, too.

    A run that goes on replaces its own rows, so that no epoch is there twice, and none is missing.
    """

    optional = True

    def __init__(self, path: Path, run: str, recorded: Sequence[EpochMetrics]) -> None:
        """run: its name.  recorded: the run's epochs, kept up to date."""
        self._path, self._run, self._recorded = path, run, recorded

    def on_begin(self, state: TrainingState) -> None:
        others = [row for row in rows_of(self._path) if row[0] != self._run]
        rows = [COLUMNS, *others, *map(self._row, self._recorded[: state.epoch])]
        temporary = self._path.with_name(f".{self._path.name}.new")
        try:
            temporary.write_text(_text(rows), newline="")
            temporary.replace(self._path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise _unwritable(self._path, error) from None

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        try:
            with self._path.open("a", newline="") as file:
                file.write(_text([self._row(metrics)]))
        except OSError as error:
            raise _unwritable(self._path, error) from None

    def _row(self, metrics: EpochMetrics) -> list[object]:
        counts = {name: metrics.ledger[name] for name in COUNTS}
        found = {**asdict(metrics), **counts, "run": self._run}
        return [found[column] for column in COLUMNS]


def check(path: Path) -> None:
    """Raise RunError unless such a file is there already, or can be made: before a run begins, and no other is lost."""
    rows_of(path)
    new = not path.exists()
    try:
        path.open("a").close()
    except OSError as error:
        raise _unwritable(path, error) from None
    if new:
        path.unlink()


def rows_of(path: Path) -> list[list[str]]:
    """Return the rows below the heads; none of a file that is not there or empty.

    Raises RunError for another kind of file, which nobody wants to lose.
    """
    if not path.exists():
        return []
    heads = _text([COLUMNS])
    try:
        if not path.is_file():
            raise RunError(f"{path} is no file; give one that is not there yet")
        with path.open(newline="", errors="replace") as file:
            if file.readline(len(heads) + 1) not in ("", heads):
                raise RunError(
                    f"{path} has other columns than those of a run's epochs; give a file that is not there yet"
                )
            # A crash can leave a part of a row.
            return [row for row in csv.reader(file) if len(row) == len(COLUMNS)]
    except (OSError, csv.Error) as error:
        raise RunError(f"{path} cannot be read: {error}; give a file that is not there yet") from None


def _text(rows: Iterable[Sequence[object]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


def _unwritable(path: Path, error: OSError) -> UnwritableError:
    return UnwritableError(f"{path} cannot be written: {error.strerror or error}; check disk and permissions", error)
