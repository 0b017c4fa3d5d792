"""What a worker says that a run has learned: taken only if it can be so."""

from collections.abc import Mapping
from typing import Any

from coordinator.runs.metrics_file import epoch_of
from coordinator.runs.places import Place
from coordinator.sweeps.trials import Ended, GivenRun
from shared.model import SavedModel
from shared.training.choice import best_epoch, is_finished
from shared.training.metrics import EpochMetrics, history_of
from shared.training.whole_run import Learned
from shared.transport.models import from_bytes

# What reading something else than was sent can raise.
_MISFIT = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


def received(run: GivenRun, content: Mapping[str, Any], files: Mapping[str, bytes | None]) -> Ended | None:
    """Return what came of a run; None if models are missing, which will be sent again.

    content: of the worker's notice.  files: of models, by their names.  Raises ValueError for what cannot be the run's.
    """
    try:
        epochs = [epoch_of(fields, number) for number, fields in enumerate(content["epochs"])]
        digests = {str(name): str(digest) for name, digest in content["models"].items()}
        place = Place.from_json(content["place"])
        is_pruned = bool(content.get("pruned"))
    except _MISFIT as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None
    history = _checked(run, epochs, is_pruned)
    if digests.keys() != {"model", "best"}:
        raise ValueError("not the models of the last epoch and the best")
    models = {name: from_bytes(files.get(name) or b"", digest) for name, digest in digests.items()}
    last, best = models["model"], models["best"]
    if last is None or best is None:
        return None
    for model, epoch in ((last, epochs[-1]), (best, epochs[best_epoch(history)])):
        _check_model(run, model, epoch)
    return Ended(run.name, Learned(epochs, last.parameters, best.parameters, is_pruned), place=place)


def _checked(run: GivenRun, epochs: list[EpochMetrics], is_pruned: bool) -> list[float]:
    """Return the history of epochs.  Raises ValueError for others than a run's on these samples, up to its end."""
    config, sizes = run.prepared.config, run.prepared.sizes
    n_batches = config.mini_batches_per_epoch(sizes.training)
    for epoch in epochs:
        if (epoch.mini_batches, epoch.n_validation, epoch.n_test) != (n_batches, sizes.validation, sizes.test):
            raise ValueError(f"epoch {epoch.epoch} is of other samples")
    history = history_of(config, epochs)
    if not epochs or len(history) != len(epochs):
        raise ValueError("epochs without what is monitored")
    if len(epochs) > config.epochs or is_finished(config, len(epochs), history) == is_pruned:
        raise ValueError(f"{len(epochs)} epochs, which are not a whole run")
    if is_pruned and not run.least:
        raise ValueError("pruned, which it was not to be")
    return history


def _check_model(run: GivenRun, model: SavedModel, epoch: EpochMetrics) -> None:
    if model.parameters.sizes != tuple(run.prepared.config.sizes):
        raise ValueError("a model of another network")
    if model.parameters.sha256 != epoch.weights_sha256:
        raise ValueError(f"a model that is not of epoch {epoch.epoch}")
