"""Checkpoints of where epochs began, to go back to: the older they are, the fewer are kept."""

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from coordinator.runs.checkpoint import load_checkpoint
from shared.config import TrainConfig
from shared.training.state import TrainingState


class KeptEpochs:
    """Files beside a run's checkpoint, of about as many epochs as the number of the latest has binary digits.

    Who wants to go back by n epochs finds one by 3n at most, or the run has not so many and begins again.
    """

    def __init__(self, checkpoint: Path) -> None:
        self._checkpoint = checkpoint

    def keep(self, epoch: int) -> None:
        """Keep the checkpoint, which is of this epoch's beginning, and give up older ones.  Raises OSError."""
        kept = self._file(epoch)
        kept.unlink(missing_ok=True)
        try:
            os.link(self._checkpoint, kept)  # the same file under two names: it is replaced, and never changed
        except OSError:  # a file system without such links
            shutil.copyfile(self._checkpoint, kept)
        for each in self.epochs:
            if each > epoch or not is_kept(each, epoch):
                self._file(each).unlink(missing_ok=True)

    def latest(self, epoch: int, config: TrainConfig, steps_per_epoch: int) -> TrainingState | None:
        """Return the state at the latest beginning, that of this epoch or of one before; None if none is kept.

        A damaged one is said so, and the one before is taken.  config, steps_per_epoch: of the run.
        """
        for each in sorted(self.epochs, reverse=True):
            if each <= epoch and (state := load_checkpoint(self._file(each), config, steps_per_epoch)):
                return state
        return None

    def forget(self, first: int) -> None:
        """Give up those of this epoch and all that follow.  Raises OSError."""
        for each in self.epochs:
            if each >= first:
                self._file(each).unlink(missing_ok=True)

    @property
    def epochs(self) -> list[int]:
        """Which are kept."""
        stem, suffix = re.escape(self._checkpoint.stem), re.escape(self._checkpoint.suffix)
        form = re.compile(rf"{stem}\.epoch(\d{{1,9}}){suffix}")
        with suppress(FileNotFoundError):
            found = map(form.fullmatch, os.listdir(self._checkpoint.parent))
            return sorted(int(each[1]) for each in found if each)
        return []

    def _file(self, epoch: int) -> Path:
        return self._checkpoint.with_name(f"{self._checkpoint.stem}.epoch{epoch}{self._checkpoint.suffix}")


def is_kept(epoch: int, latest: int) -> bool:
    """Tell whether an epoch's beginning is kept when that is the latest: for as long as it is round in binary."""
    return epoch > 0 and latest - epoch < 2 * (epoch & -epoch)
