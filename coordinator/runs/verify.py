"""Recomputing a run in one process, and comparing it with what was recorded."""

from collections.abc import Iterator
from itertools import islice

from coordinator.accounting import EpochCounts
from coordinator.gradients.in_process import InProcessGradients
from coordinator.reporting.progress_bar import Progress
from coordinator.runs.run import EpochMetrics, Run
from coordinator.training.loop import evaluate_epoch, steps
from coordinator.training.state import State
from shared.data.dataset import Dataset
from shared.errors import LedgerError, RunError

_FIGURES = ("n_test", "accuracy", "steps", "samples")


def verify(run: Run, data: Dataset, last: int | None, progress: Progress) -> Iterator[tuple[int, str, str]]:
    """Recompute a run from its configuration, up to epoch `last` if one is given, and compare.

    Yield the epoch, what was compared, and how it differs, or nothing. After the last epoch that is also the model,
    and where the run was interrupted in mid-epoch its checkpoint.
    """
    config, training = run.config, data.training
    if not run.metrics and last is None and not run.has_checkpoint:
        raise RunError(f"run {run.id} has recorded nothing that could be compared")
    # Only of a finished run: before, a crash can leave a model of the epoch after. It is read first, so that nobody
    # waits for all epochs to hear that there is none.
    saved = run.saved() if last is None and len(run.metrics) == config.epochs else None
    state = State.initial(config)
    source = InProcessGradients(config, training, state.ledger)
    for recorded in run.metrics[: None if last is None else last + 1]:
        for n_samples in steps(config, training, source, state):
            progress.step(state.epoch, state.batch, n_samples, 0)
        again = evaluate_epoch(config, data, state)
        state.next_epoch()
        yield recorded.epoch, f"{again.correct}/{again.n_test}", _difference(recorded, again)
    if last is not None:
        return
    if run.damaged_line:
        yield state.epoch, "metrics.jsonl", f"line {run.damaged_line} is no epoch's"
    if saved is not None:
        yield state.epoch - 1, run.model.name, _differs("weights_sha256", saved.sha256, state.parameters.sha256)
    kept = run.state(config.steps_per_epoch(len(training)))
    if kept.epoch == state.epoch and kept.batch:
        for n_samples in islice(steps(config, training, source, state), kept.batch):
            progress.step(state.epoch, state.batch, n_samples, 0)
        what = f"checkpoint after step {kept.batch}"
        yield state.epoch, what, _differs("weights_sha256", kept.parameters.sha256, state.parameters.sha256)


def _difference(recorded: EpochMetrics, again: EpochMetrics) -> str:
    return (
        _differs("weights_sha256", recorded.weights_sha256, again.weights_sha256)
        or _differs("correct", recorded.correct, again.correct)
        or next(filter(None, (_differs(name, getattr(recorded, name), getattr(again, name)) for name in _FIGURES)), "")
        or _books(recorded)
    )


def _books(recorded: EpochMetrics) -> str:
    try:
        EpochCounts.from_json(recorded.ledger).check(recorded.epoch, recorded.samples)
    except LedgerError as error:
        return str(error)
    return ""


def _differs(what: str, recorded: object, again: object) -> str:
    return "" if recorded == again else f"{what} is {recorded}, recomputed it is {again}"
