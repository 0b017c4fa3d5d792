"""What a report is made of, as far as it can be had."""

import logging
from pathlib import Path

from coordinator.page.subject import Subject
from coordinator.runs.lookup import find_model
from coordinator.runs.run import RunFolder
from shared.data.dataset import Dataset, find_dataset
from shared.errors import DataError, ModelError, RunError
from shared.model import SavedModel

log = logging.getLogger("coordinator")


def subject_of(run: RunFolder, data: Path | None = None) -> Subject:
    """Return what a run's report is about.

    data: where its samples are now; default: where they were, and if they are not there the report is without them.
    Raises DataError or RunError for others than the run's.
    """
    samples, why_not = _data(run, data)
    return Subject(run, _model(run), samples, why_not)


def _model(run: RunFolder) -> SavedModel | None:
    """Return the model of a run's best epoch, or else its last; None if it has none that can be read."""
    try:
        return find_model(run.folder)
    except (ModelError, RunError) as error:
        log.warning("the report has no model: %s", error)
        return None


def _data(run: RunFolder, given: Path | None) -> tuple[Dataset | None, str]:
    """Return the run's samples; or why they cannot be had, unless somebody has told where they are."""
    try:
        return run.load_data(find_dataset(given or run.data_path)), ""
    except (DataError, RunError) as error:
        if given is not None:
            raise
        log.warning("the report has no samples: %s", error)
        return None, f"The run's samples cannot be read: {error}. With --data the report has its mistakes."
