"""Recomputing a run in one process, and comparing it with what was recorded."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from coordinator.runs.run import RunFolder
from coordinator.runs.summary import is_driven
from shared.accounting import EpochCounts
from shared.data.dataset import Dataset
from shared.errors import LedgerError, RunError
from shared.training.choice import best_epoch, is_finished
from shared.training.gradients import GradientSource, StepResult
from shared.training.in_process import InProcessGradients
from shared.training.loop import steps
from shared.training.metrics import FIGURES_SINCE_0_2, EpochMetrics, evaluate_epoch, monitored_value
from shared.training.state import TrainingState

_FIGURES = ("correct", "n_test", "accuracy", "mini_batches", "samples")
_RUNNING = ("training_correct", "training_accuracy", "training_cost")


class Comparison(NamedTuple):
    """What was compared in an epoch, and how it differs: nothing, if it does not."""

    epoch: int
    what: str
    difference: str


def last_epoch(run: RunFolder, wanted: int | None) -> int | None:
    """Return up to which epoch a run is to be compared; None: to its end, with models and checkpoint.

    wanted: up to which one is asked for.  One that a coordinator drives goes on while it is compared, so of that it is
    the last epoch that was recorded.  Raises RunError if there is none.
    """
    if wanted is not None or not is_driven(run.config_file):
        return wanted
    if not run.metrics:
        raise RunError(f"run {run.id} is being trained, and has recorded nothing yet; wait for its first epoch")
    return len(run.metrics) - 1


def verify(
    run: RunFolder,
    data: Dataset,
    last: int | None,
    after_step: Callable[[TrainingState, StepResult, GradientSource], None],
) -> Iterator[Comparison]:
    """Recompute a run from its configuration, up to epoch `last` if one is given, and compare every epoch.

    After the last epoch of the run those are also the models, and where the run was interrupted in mid-epoch its
    checkpoint. after_step: hears of every step that is recomputed.
    """
    config, training = run.config, data.training
    if not run.metrics and last is None and not run.has_checkpoint:
        raise RunError(f"run {run.id} has recorded nothing that could be compared")
    # Only of a finished run: before, a crash can leave a model of the epoch after. It is read first, so that nobody
    # waits for all epochs to hear that there is none.
    whole = last is None and run.is_finished
    saved, saved_best = (run.saved(), run.saved_best()) if whole else (None, None)
    state = run.initial_state()
    source = InProcessGradients(config, data)
    for recorded in run.metrics[: None if last is None else last + 1]:
        if is_finished(config, state.epoch, state.history):
            yield Comparison(recorded.epoch, "metrics.jsonl", f"recomputed, the run ends after epoch {state.epoch - 1}")
            return
        for result in steps(config, training, source, state):
            after_step(state, result, source)
        again = evaluate_epoch(config, data, source, state)
        state.next_epoch(monitored_value(config, again))
        yield Comparison(recorded.epoch, f"{again.correct}/{again.n_test}", _difference(recorded, again))
    if last is not None:
        return
    if run.damaged_line:
        yield Comparison(state.epoch, "metrics.jsonl", f"line {run.damaged_line} is no epoch's")
    if saved is not None:
        differs = _differs("weights_sha256", saved.parameters.sha256, state.model.sha256)
        yield Comparison(state.epoch - 1, run.model.name, differs)
    if saved_best is not None and state.best is not None:
        differs = _differs("weights_sha256", saved_best.parameters.sha256, state.best.sha256)
        yield Comparison(best_epoch(state.history), run.best_model.name, differs)
    kept = run.state(config.sampler(len(training)).steps_per_epoch)
    if kept.epoch == state.epoch and kept.step_index:
        for result in islice(steps(config, training, source, state), kept.step_index):
            after_step(state, result, source)
        differs = _differs("weights_sha256", kept.parameters.sha256, state.parameters.sha256)
        yield Comparison(state.epoch, f"checkpoint after step {kept.step_index}", differs)


def _difference(recorded: EpochMetrics, again: EpochMetrics) -> str:
    of_0_1, partly_of_0_1 = recorded.n_validation is None, recorded.training_cost is None
    newer = [name for name in FIGURES_SINCE_0_2 if not of_0_1 and not (partly_of_0_1 and name in _RUNNING)]
    names = ("weights_sha256", *_FIGURES, *newer)
    return next(
        filter(None, (_differs(name, getattr(recorded, name), getattr(again, name)) for name in names)), ""
    ) or _ledger(recorded)


def _ledger(recorded: EpochMetrics) -> str:
    """Return how an epoch's ledger does not come out."""
    try:
        # When evaluation was not entered, lines had no such number.
        n_evaluated = 0 if recorded.n_validation is None else recorded.n_validation + recorded.n_test
        EpochCounts.from_json(recorded.ledger).check(recorded.epoch, recorded.samples, n_evaluated)
    except LedgerError as error:
        return str(error)
    return ""


def _differs(what: str, recorded: object, again: object) -> str:
    return "" if recorded == again else f"{what} is {recorded}, recomputed it is {again}"
