"""A CSV of runs' epochs, for a spreadsheet or pandas."""

import csv
import errno
import fcntl
import io
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import IO

from coordinator.runs.atomic import write_whole
from shared.errors import RunError, UnwritableError
from shared.training.callbacks import Callback
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState

_PATIENCE = 5.0  # seconds for others to be done with the file, which takes them a millisecond
_PAUSE = 0.005  # seconds between two tries
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)  # as on some file systems of networks

COUNTS = ("requests", "retried")  # of the ledger, without what it says of each worker
COLUMNS = (
    "run",
    *(field.name for field in fields(EpochMetrics) if field.name != "ledger"),
    *COUNTS,
)


class CsvFile(Callback):
    """A row an epoch, with a run's name in the first column: the file may have rows of other runs, which may go on now.

    A run that goes on replaces its own rows, so that no epoch is there twice, and none is missing.
    """

    optional = True

    def __init__(self, path: Path, run: str, recorded: Sequence[EpochMetrics]) -> None:
        """run: its name.  recorded: the run's epochs, kept up to date."""
        self._path, self._run, self._recorded = path, run, recorded

    def on_begin(self, state: TrainingState) -> None:
        with _alone(self._path):
            others = [row for row in rows_of(self._path) if row[0] != self._run]
            rows = [COLUMNS, *others, *map(self._row, self._recorded[: state.epoch])]
            write_whole(self._path, lambda file: file.write(_text(rows).encode()))

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        with _alone(self._path) as file:
            length = file.seek(0, io.SEEK_END)
            if length:
                file.seek(-1, io.SEEK_END)
            # A file that somebody has put away begins again; a row that a crash has torn ends here.
            before = _text([COLUMNS]) if not length else "" if file.read(1) == b"\n" else "\n"
            file.write((before + _text([self._row(metrics)])).encode())

    def _row(self, metrics: EpochMetrics) -> list[object]:
        counts = {name: metrics.ledger[name] for name in COUNTS}
        found = {**asdict(metrics), **counts, "run": self._run}
        return [found[column] for column in COLUMNS]


@contextmanager
def _alone(path: Path) -> Iterator[IO[bytes]]:
    """Give the file to read and to append to, for a block in which no other run writes it.

    Raises RunError if it cannot be written, or another program keeps it for itself.
    """
    try:
        with _locked(path) as file:
            yield file
    except OSError as error:
        raise _unwritable(path, error) from None


def _locked(path: Path) -> IO[bytes]:
    """Return the file that is there, and not one that has been replaced meanwhile, locked.  Raises OSError."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        file = path.open("a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:
            pass
        except BlockingIOError:
            if time.monotonic() > deadline:
                file.close()
                raise
            time.sleep(_PAUSE)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return file
            file.close()
            raise
        file.close()


def check(path: Path) -> None:
    """Raise RunError unless such a file is there already, or can be made: before a run begins, and no other is lost."""
    rows_of(path)
    new = not path.exists()
    path = path.resolve()  # of a link that leads nowhere yet, what is made is at its end
    try:
        path.open("ab").close()
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
