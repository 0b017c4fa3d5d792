"""`gradmq.train`: what `gradmq train` does, from Python."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coordinator.api import driving
from coordinator.api.runs import RUNS, Run
from coordinator.options.configuration import to_config, with_default_monitor
from coordinator.options.defaults import completed
from coordinator.session import RunOptions
from coordinator.training.callbacks import Callback
from shared.config.defaults import defaults_of
from shared.data.dataset import DEFAULT_DATA, find_dataset, load_dataset


def train(
    data: str | Path = DEFAULT_DATA,
    *,
    workers: int | None = None,
    redis: str | None = None,
    broker: str | None = None,
    batches_per_task: int | None = None,
    audit: float = 0.0,
    flower_port: int | None = None,
    runs: str | Path = RUNS,
    callbacks: Sequence[Callback] = (),
    **options: Any,
) -> Run:
    """Train a network, and return the run.

    data: where the samples are.
    workers: local processes on an embedded cluster, which end with the run; None: one a core; 0: none, in this process.
    redis: instead, the address of a Redis where workers are.  broker: Celery's, if it is not that Redis.
    batches_per_task, audit, flower_port: as on the command line.  runs: folder for the run's folder.
    callbacks: who else hears of the run, see `gradmq.Callback`.
    options: those of `gradmq train` that decide the bits, by their names with underscores, like
    `hidden=[100], activation="relu", output="softmax", optimizer="adam", learning_rate=0.001, epochs=10, seed=1`.

    The same options and data give the same bits as on the command line, on any number of workers. After an interrupt
    (KeyboardInterrupt) `gradmq.Run().resume()` goes on. No process, socket or thread is left, however it ends.
    Raises GradMQError.
    """
    run_options = RunOptions(
        workers=workers,
        redis=redis,
        broker=broker,
        batches_per_task=batches_per_task,
        audit=audit,
        flower_port=flower_port,
    )
    given, path = completed(options), Path(data)
    dataset = load_dataset(find_dataset(path)).first(given["train_samples"])
    suggested = defaults_of(dataset, options.get("optimizer"))
    given |= {name: value for name, value in suggested.items() if options.get(name) is None}
    config = to_config(given, workers == 0, dataset)
    if options.get("monitor") is None:
        config = with_default_monitor(config, len(dataset.validation))
    folder = Path(runs)
    run = driving.begin(config, path, dataset, run_options, runs=folder, callbacks=callbacks)
    return Run(run.folder, runs=folder)
