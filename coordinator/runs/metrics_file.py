"""The file of a run's epochs: a line of JSON each."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from coordinator.runs.atomic import append, write_whole
from shared.accounting import EpochCounts
from shared.errors import RunError
from shared.regular_files import read_regular
from shared.training.metrics import EpochMetrics
from shared.typed import typed

_LARGEST = 2**30  # bytes of such a file
_MOST, _MOST_SECONDS = 1e300, 1e11  # of a figure, far above any that was measured; of an epoch's time
_DIGEST = re.compile(r"[0-9a-f]{64}")


def read_metrics(path: Path) -> tuple[list[EpochMetrics], int]:
    """Return the epochs, up to a line that a crash may have torn, and the number of that line, from 1; 0: none is.

    Raises RunError if the file cannot be read.
    """
    found: list[EpochMetrics] = []
    try:
        lines = read_regular(path, _LARGEST).decode(errors="replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return found, 0
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror or error}") from None
    for line in lines:
        try:
            found.append(epoch_of(json.loads(line), len(found)))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
            return found, len(found) + 1
    return found, 0


def write_metrics(path: Path, epochs: Iterable[EpochMetrics]) -> None:
    """Put these epochs in the place of the file's.  Raises OSError."""
    text = "".join(map(_line, epochs))
    write_whole(path, lambda file: file.write(text.encode()))


def append_metrics(path: Path, metrics: EpochMetrics) -> None:
    """Add an epoch, so that it is there after a power failure.  Raises OSError."""
    append(path, _line(metrics))


def _line(metrics: EpochMetrics) -> str:
    return json.dumps(asdict(metrics)) + "\n"


def epoch_of(fields: dict[str, Any], number: int) -> EpochMetrics:
    """Return the figures of the epoch of that number, as JSON has them.

    Raises ValueError, TypeError, KeyError, AttributeError or OverflowError for anything else.
    """
    if "steps" in fields:  # as GradMQ 0.1 called them
        fields["mini_batches"] = fields.pop("steps")
    fields["ledger"] = EpochCounts.from_json(fields["ledger"]).to_json()
    metrics = typed(EpochMetrics, fields)
    counts = (metrics.n_test, metrics.mini_batches, metrics.samples, metrics.workers, metrics.seconds)
    if metrics.epoch != number or not 0 <= metrics.correct <= metrics.n_test or min(counts) < 0:
        raise ValueError("no epoch's figures, or another epoch's")
    shares = (metrics.accuracy, metrics.validation_accuracy, metrics.training_accuracy)
    if not all(share is None or 0 <= share <= 1 for share in shares) or metrics.seconds > _MOST_SECONDS:
        raise ValueError("no shares, or no time")
    if any(isinstance(figure, float) and abs(figure) > _MOST for figure in vars(metrics).values()):
        raise ValueError("a figure that cannot be drawn")
    if not _DIGEST.fullmatch(metrics.weights_sha256):
        raise ValueError("no fingerprint")
    return metrics
