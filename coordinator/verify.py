"""Recomputing a run in one process, and comparing it with what was recorded."""

from collections.abc import Iterator
from itertools import islice

from coordinator.local import Local
from coordinator.model import load_model
from coordinator.progress import Progress
from coordinator.run import EpochMetrics, Run
from coordinator.state import State
from coordinator.train import evaluate_epoch, steps
from shared.dataset import Dataset


def verify(run: Run, data: Dataset, last: int | None, progress: Progress) -> Iterator[tuple[int, str, str]]:
    """Recompute a run from its configuration, up to epoch `last` if one is given, and compare.

    Yield the epoch, what was compared, and how it differs, or nothing. After the last epoch that is also the model,
    and where the run was interrupted in mid-epoch its checkpoint.
    """
    config, training = run.config, data.training
    state = State.initial(config)
    source = Local(config, training, state.ledger)
    for recorded in run.metrics[: None if last is None else last + 1]:
        for n_samples in steps(config, training, source, state):
            progress.step(state.epoch, state.batch, n_samples, 0)
        again = evaluate_epoch(config, data, state)
        state.next_epoch()
        yield recorded.epoch, f"{again.correct}/{again.n_test}", _difference(recorded, again)
    if last is not None and last < len(run.metrics) - 1:
        return
    kept = run.state(config.steps_per_epoch(len(training)))
    if (kept.epoch, kept.batch) == (state.epoch, 0):
        if len(run.metrics) == config.epochs:  # before that, a crash can leave a model of the epoch after
            saved = load_model(run.model)
            yield state.epoch - 1, run.model.name, _differs("weights_sha256", saved.sha256, state.parameters.sha256)
    elif kept.epoch == state.epoch:
        for n_samples in islice(steps(config, training, source, state), kept.batch):
            progress.step(state.epoch, state.batch, n_samples, 0)
        what = f"checkpoint after step {kept.batch}"
        yield state.epoch, what, _differs("weights_sha256", kept.parameters.sha256, state.parameters.sha256)


def _difference(recorded: EpochMetrics, again: EpochMetrics) -> str:
    return (
        _differs("weights_sha256", recorded.weights_sha256, again.weights_sha256)
        or _differs("correct", recorded.correct, again.correct)
        or _differs("samples", recorded.samples, again.samples)
    )


def _differs(what: str, recorded: object, again: object) -> str:
    return "" if recorded == again else f"{what} is {recorded}, recomputed it is {again}"
