"""Removing runs: all that were named, or none."""

import re
import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from coordinator.runs.locking import locked
from coordinator.runs.lookup import is_run
from shared.errors import InUseError, RunError, UnwritableError

# One of which a run has at least: its name, or a file that nobody else has.
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
_OURS = ("metrics.jsonl", "events.jsonl", "checkpoint.npz", "model.npz")


class Removal:
    """Runs that are to be removed.  While it is entered, nobody can begin to drive them."""

    def __init__(self, names: Iterable[str], runs: Path) -> None:
        """names: folders, or ids in `runs`.  Raises RunError for what is no run; a damaged one is one."""
        self.folders = [*dict.fromkeys(_folder(name, runs) for name in names)]
        self._locks = ExitStack()

    @property
    def nbytes(self) -> int:
        """How much is on disk."""
        files = (path for folder in self.folders for path in folder.rglob("*"))
        return sum(path.lstat().st_size for path in files if not path.is_dir())

    def __enter__(self) -> Self:
        """Raises RunError if a coordinator drives one of them, or they cannot be written."""
        with ExitStack() as locks:
            for folder in self.folders:
                try:
                    locks.enter_context(locked(folder / "config.json"))
                except BlockingIOError:
                    message = f"run {folder.name} is driven by a coordinator; stop that first. Nothing was removed"
                    raise InUseError(message) from None
                except OSError as error:
                    message = f"{folder} cannot be removed: {error.strerror}; who removes must own it"
                    raise UnwritableError(message, error) from None
            self._locks = locks.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._locks.close()

    def remove(self) -> None:
        """Remove them.  Raises OSError."""
        for folder in self.folders:
            shutil.rmtree(folder)


def _folder(name: str, runs: Path) -> Path:
    folder = next((path for path in (runs / name, Path(name)) if is_run(path)), None)
    if folder is None:
        raise RunError(f"there is no run {name}; give its folder, or its id in {runs}. Nothing was removed")
    if not (_ID.fullmatch(folder.resolve().name) or any((folder / name).exists() for name in _OURS)):
        raise RunError(f"{folder} has a config.json, but nothing else of a run; remove it by hand. Nothing was removed")
    return folder.resolve()
