"""`gradmq.Run`: a training that was, or goes on, from Python."""

import html
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Unpack

from coordinator.api.driving import go_on
from coordinator.api.epoch_figures import figures_of
from coordinator.api.models import Model, shown
from coordinator.api.reports import subject_of
from coordinator.api.run_keywords import RunKeywords, run_options_of
from coordinator.api.verification import Verification
from coordinator.page.document import page
from coordinator.reporting import lines
from coordinator.runs.atomic import write_whole
from coordinator.runs.lookup import DEFAULT_RUNS, folders_of
from coordinator.runs.run import RunFolder
from coordinator.runs.verify import last_epoch, verify
from shared.config import TrainConfig
from shared.data.dataset import find_dataset
from shared.errors import ConfigError, RunError
from shared.fixed_problem import check_arithmetic
from shared.nn.arithmetic import one_thread, quiet
from shared.training.callbacks import Callback


class Run:
    """A run and its folder."""

    def __init__(self, path: str | Path | None = None, *, runs: str | Path = DEFAULT_RUNS) -> None:
        """path: its folder, or its id in the folder `runs`; default: the newest one there.  Raises RunError."""
        self._runs = Path(runs)
        self._name = str(_newest(self._runs) if path is None else path)
        self._open()

    @property
    def id(self) -> str:
        return self._folder.id

    @property
    def folder(self) -> Path:
        return self._folder.folder

    @property
    def config(self) -> TrainConfig:
        """What decides the run's bits."""
        return self._folder.config

    @property
    def is_finished(self) -> bool:
        return self._folder.is_finished

    @property
    def history(self) -> dict[str, list[Any]]:
        """A list for each figure of its epochs, like `history["validation_accuracy"]`."""
        return figures_of(self._folder.metrics)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the weights after the last epoch that is recorded; nothing before the first."""
        return self._folder.metrics[-1].weights_sha256 if self._folder.metrics else ""

    @cached_property
    def model(self) -> Model:
        """The model of its best epoch, or if nothing is monitored, of its last.  Raises RunError, ModelError."""
        best = self._folder.saved_best() if self._folder.best_model.exists() or self.is_finished else None
        return self.last_model if best is None else Model(best, self._folder.best_model)

    @cached_property
    def last_model(self) -> Model:
        """The model so far.  Raises RunError, ModelError."""
        return Model(self._folder.saved(), self._folder.model)

    def resume(
        self,
        *,
        epochs: int | None = None,
        data: str | Path | None = None,
        callbacks: Sequence[Callback] | None = None,
        **options: Unpack[RunKeywords],
    ) -> "Run":
        """Go on to the end, to the same bits, on any number of workers; nothing happens if that was reached.

        epochs: how many it shall have had in the end.  data: where its samples are now.  callbacks: who else hears
        of it.  options: workers, redis, broker, batches_per_task, audit, audit_by, flower_port, watching, as of
        `gradmq.train`.
        """
        given = dict[str, Any](options)
        run_options = run_options_of(given)
        if given:
            raise ConfigError(*given.popitem(), "is no option of going on", "what decides the bits stays as it was")
        where = None if data is None else Path(data)
        try:
            go_on(self._folder, run_options, data=where, epochs=epochs, callbacks=callbacks or ())
        finally:
            self._open()
        return self

    def verify(self, *, data: str | Path | None = None, last: int | None = None) -> Verification:
        """Recompute the run in this process, up to epoch `last` if one is given, and compare all that is recorded.

        Of a run that another process drives: up to the last epoch that was recorded when it was opened.
        """
        run = self._folder
        check_arithmetic(run.config)
        dataset = run.load_data(find_dataset(Path(data) if data is not None else run.data_path))
        with one_thread(), quiet():
            return Verification(list(verify(run, dataset, last_epoch(run, last), lambda *_: None)))

    def report(self, path: str | Path | None = None, *, data: str | Path | None = None) -> Path:
        """Write a page about it, one HTML file that needs no other, and return where.

        path: default: `report.html` in its folder.  data: where its samples are now.
        """
        file = self.folder / "report.html" if path is None else Path(path)
        subject = subject_of(self._folder, None if data is None else Path(data))
        write_whole(file, lambda written: written.write(page(subject).encode()))
        return file

    def refresh(self) -> "Run":
        """Read again what is recorded: another process may drive the run."""
        self._open()
        return self

    def _open(self) -> None:
        self._folder = RunFolder.open(self._name, self._runs)
        for name in ("model", "last_model"):
            self.__dict__.pop(name, None)

    def __repr__(self) -> str:
        """A line for each thing that one would ask first."""
        return "\n".join(f"{name}: {value}" for name, value in self._facts())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in self._facts()
        )
        return f'<table style="text-align: left">{rows}</table>'

    def _facts(self) -> list[tuple[str, str]]:
        config, metrics = self.config, self._folder.metrics
        facts = [
            ("run", self.id),
            ("folder", shown(self.folder)),
            ("network", config.neurons),
            ("learning", f"{config.learning}, mini-batches of {config.mini_batch_size}, seed {config.seed}"),
            ("epochs", f"{len(metrics)} of {config.epochs}" + ("" if self.is_finished else ", not finished")),
        ]
        if metrics:
            facts += [("result", lines.choice(config, metrics))]
        return facts


def _newest(runs: Path) -> Path:
    """Return the newest run of a folder.  Raises RunError if there is none."""
    found = folders_of(runs)
    if not found:
        raise RunError(f"there is no run in {runs}; give a run's folder, or the folder where runs are")
    return found[-1]
