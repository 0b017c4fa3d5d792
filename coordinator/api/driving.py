"""A run from its beginning to its end, or from where it was left: the same for the command line and for Python."""

import logging
from collections.abc import Sequence
from pathlib import Path

from coordinator.api.preparation import check_job
from coordinator.reporting.log_handlers import course
from coordinator.runs.places import foreign_rounding
from coordinator.runs.run import ReadOnlyError, RunFolder
from coordinator.session import RunOptions, run_training
from shared.config import TrainConfig
from shared.data.dataset import Dataset, find_dataset
from shared.errors import QueueError
from shared.model import SavedModel
from shared.training.callbacks import Callback
from shared.training.choice import is_finished
from shared.training.state import TrainingState

log = logging.getLogger("coordinator")


def begin(
    config: TrainConfig,
    data: Path,
    dataset: Dataset,
    options: RunOptions,
    *,
    runs: Path,
    start: SavedModel | None = None,
    callbacks: Sequence[Callback] = (),
    said: str = "",
) -> RunFolder:
    """Begin a run, train it to its end, and return it.

    data: from where the dataset was read.  runs: folder for the run's folder.  start: the model that it begins with, if
    the configuration says so.  callbacks: who else hears of it.  said: a line about it, before all others.

    Raises ConfigError, DataError or QueueError before there is anything of it; and a run that learned nothing before
    whatever ended it leaves nothing but its logs, if these say why.
    """
    check_job(config, dataset)
    options.check_queue()
    run = RunFolder.create(runs, config, data, dataset, start)
    try:
        run.lock()
        if said:
            course.info(said)
        _drive(run, dataset, find_dataset(data), run.initial_state(), options, callbacks)
    except BaseException as error:
        if not run.is_worth_keeping:
            run.discard(keep_logs=isinstance(error, QueueError))
        raise
    finally:
        run.unlock()
    return run


def go_on(
    run: RunFolder,
    options: RunOptions,
    *,
    data: Path | None = None,
    epochs: int | None = None,
    callbacks: Sequence[Callback] = (),
) -> None:
    """Go on with a run to its end, which it may have reached already.

    data: where its samples are now; default: where they were.  epochs: how many it shall have had in the end.
    """
    path = find_dataset(data or run.data_path)
    dataset = run.load_data(path)
    steps_per_epoch = run.config.sampler(len(dataset.training)).steps_per_epoch
    try:
        try:
            run.lock()
        except ReadOnlyError:
            state = run.state(steps_per_epoch)
            if not is_finished(run.config, state.epoch, state.history) or epochs not in (None, run.config.epochs):
                raise
        state = run.state(steps_per_epoch)
        if epochs is not None:
            run.ask_for_epochs(epochs, state)
        if is_finished(run.config, state.epoch, state.history):
            return
        options.check_queue()
        if difference := foreign_rounding(run.places, run.config):
            log.warning("%s; from here on its bits are those of neither", difference)
        run.goes_on_here()
        _drive(run, dataset, path, state, options, callbacks)
    finally:
        run.unlock()


def _drive(
    run: RunFolder,
    dataset: Dataset,
    data: Path,
    state: TrainingState,
    options: RunOptions,
    callbacks: Sequence[Callback],
) -> None:
    try:
        run_training(run, dataset, data, state, options, callbacks)
    except KeyboardInterrupt:  # at whatever moment: also before the first step, or while all is being closed
        if run.is_worth_keeping:
            log.warning("the model so far is %s; go on with: gradmq resume %s", run.model, run.folder)
        raise
