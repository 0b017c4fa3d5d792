"""`gradmq.train`: what `gradmq train` does, from Python."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from coordinator.api import driving
from coordinator.api.kept_data import kept
from coordinator.api.models import Model
from coordinator.api.named_pair import as_table
from coordinator.api.preparation import prepare
from coordinator.api.run_keywords import run_options_of
from coordinator.api.runs import Run
from coordinator.options import reading
from coordinator.options.defaults import completed, names_of
from coordinator.runs.lookup import DEFAULT_RUNS, find_model
from shared.data.dataset import DEFAULT_DATA
from shared.data.sample_weights import read_weights, scaled
from shared.errors import DataError
from shared.training.callbacks import Callback


def train(
    data: Any = DEFAULT_DATA,
    *,
    start: "str | Path | Run | Model | None" = None,
    sample_weights: Any = None,
    runs: str | Path = DEFAULT_RUNS,
    callbacks: Sequence[Callback] | None = None,
    **options: Any,
) -> Run:
    """Train a network, and return the run.

    data: where the samples are; or a pair (x, y) of arrays, a DataFrame or a mapping of columns, or a pair of one and
    what is wanted, which then are kept in `runs`, with their types and names.
    start: a model, or a run, whose weights to begin with.  sample_weights: of the training samples, or their file.
    runs: folder for the run's folder.  callbacks: who else hears of the run, see `gradmq.Callback`.
    options: the others of `gradmq train`, by their names with underscores:
    - with what it is computed: `workers` (local processes on an embedded cluster, which end with the run; None: one a
      core; 0: none, in this process), or `redis`, the address of a Redis where workers are, and `broker`;
      `batches_per_task`, `audit`, `audit_by`, `flower_port`, and `watching`, see `RunKeywords`;
    - about the data `target`, `ignore`, `task`, `test`, `validation`, `stratify`, `impute`, `scale`, `image_size`,
      `fold`;
    - about the network and how it learns `hidden=[100]`, `activation="relu"`, `output="softmax"`, `optimizer="adam"`,
      `learning_rate=0.001`, `epochs=10`, `seed=1`, …

    The same options and data give the same bits as on the command line, on any number of workers. After an interrupt
    (KeyboardInterrupt) `gradmq.Run().resume()` goes on. No process, socket or thread is left, however it ends.
    Raises GradMQError.
    """
    run_options = run_options_of(options)
    about_data = {name: options.pop(name) for name in reading.READING if name in options}
    data, about_data["target"] = as_table(data, about_data.get("target"))
    data_options = reading.to_data_options(reading.from_python(about_data))
    given, folder = completed(options), Path(runs)
    model = _model(start, folder)
    with kept(data, folder) as path:
        job = prepare(
            *(given, names_of(options), path, data_options),
            weights=_weights(sample_weights),
            start=model,
            alone=run_options.workers == 0,
        )
        run = driving.begin(
            *(job.config, path, job.dataset, run_options), runs=folder, start=model, callbacks=callbacks or ()
        )
    return Run(run.folder, runs=folder)


def _model(start: "str | Path | Run | Model | None", runs: Path) -> Any:
    """Return the model to begin with, as its file has it."""
    if start is None:
        return None
    if isinstance(start, Run):
        start = start.model
    return start.saved if isinstance(start, Model) else find_model(Path(start), runs)


def _weights(given: Any) -> Any:
    """Return weights of samples."""
    if given is None:
        return None
    if isinstance(given, str | Path):
        return read_weights(Path(given))
    try:
        weights = np.asarray(given, np.float64)
    except (ValueError, TypeError):
        weights = np.empty(0)
    if weights.ndim != 1 or not len(weights) or not (np.isfinite(weights).all() and weights.min() > 0):
        raise DataError("sample_weights must be numbers above 0, one for each training sample; correct them")
    return scaled(weights)
