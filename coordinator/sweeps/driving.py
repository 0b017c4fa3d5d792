"""A sweep from its beginning, or from where it was left, to its end."""

from collections.abc import Callable
from dataclasses import dataclass, field

from coordinator.sweeps.catalogue import method_of
from coordinator.sweeps.executors import Executor
from coordinator.sweeps.folder import SweepFolder, UsedData
from coordinator.sweeps.methods import Tried
from coordinator.sweeps.space import Values
from coordinator.sweeps.trials import (
    FAILED,
    FINISHED,
    LOST,
    PRUNED,
    Ended,
    NoDataError,
    Prepared,
    Trial,
    WantedRun,
    digests_of,
    run_name,
)
from shared.data.folds import Fold
from shared.errors import ConfigError, GradMQError, RunError
from shared.signals import uninterrupted
from shared.training.choice import best_epoch
from shared.training.metrics import history_of

# Returns what a run of a trial is computed of.  Raises GradMQError for values that cannot be, NoDataError if none can.
Prepare = Callable[[Values, Fold | None], Prepared]


@dataclass
class _Open:
    """A trial that has begun."""

    values: Values
    runs: dict[str, WantedRun]
    ended: dict[str, Ended] = field(default_factory=dict)


class Driver:
    """Has the trials of a sweep computed."""

    def __init__(
        self,
        sweep: SweepFolder,
        prepare: Prepare,
        executor: Executor,
        after_trial: Callable[[Trial], None] = lambda trial: None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """after_trial: hears of each that has come out.  meanwhile: is called again and again."""
        definition = sweep.definition
        self._sweep, self._search, self._n_trials = sweep, definition.search, definition.n_trials
        self._prepare, self._executor, self._after_trial, self._meanwhile = prepare, executor, after_trial, meanwhile
        self._method = method_of(self._search.method, definition.space, self._search.seed)
        count = self._search.folds
        self._folds = [Fold(number, count) for number in range(1, count + 1)] if count else [None]
        self._open: dict[int, _Open] = {}
        self._checked: set[str] = set()  # the data sets that are what they were
        self._next = 0

    def drive(self) -> None:
        """Go on to the end.

        Raises ConfigError if trials monitor different figures, NoDataError, QueueError, or RunError, also for samples
        that are others than those that the sweep has begun with.
        """
        while True:
            while self._executor.wants_more() and self._may_begin():
                self._begin(self._next)
                self._next += 1
            if not self._open and self._next >= self._n_trials:
                return
            if not self._open:  # all that could begin had come out before, or failed at once
                continue
            self._meanwhile()
            for ended in self._executor.wait():
                self._end(ended)

    def _may_begin(self) -> bool:
        """Tell whether there is a next trial, and all is known that it depends on."""
        while self._next in self._sweep.trials:
            self._next += 1
        if self._next >= self._n_trials:
            return False
        return not self._search.in_order or all(
            number in self._sweep.trials for number in range(self._next - self._search.ahead + 1)
        )

    def _begin(self, number: int) -> None:
        earlier = self._earlier(number)
        values = self._method.values(number, earlier if self._method.needs_earlier else {})
        try:
            prepared = [self._prepare(values, fold) for fold in self._folds]
        except NoDataError:
            raise
        except GradMQError as error:
            return self._add(Trial(number, values, FAILED, reason=_line(error)))
        self._check_data(values, prepared[0])
        self._check_monitor(number, prepared[0])
        runs = {}
        for fold, each in zip(self._folds, prepared, strict=True):
            name = run_name(number, fold)
            runs[name] = WantedRun(name, each, self._least(earlier, each.config.epochs))
        self._open[number] = _Open(values, runs)
        for run in runs.values():
            written = self._sweep.written_run(run)
            if written is None:
                self._executor.give(run)
            else:
                self._open[number].ended[run.name] = written
        self._close_if_done(number)
        return None

    def _check_data(self, values: Values, prepared: Prepared) -> None:
        """Note which samples a data set has; raise RunError if they are not those that the sweep has begun with."""
        path = str(prepared.path)
        if path in self._checked:
            return
        begun = self._sweep.data.get(path)
        if begun is None:
            self._sweep.note_data(path, UsedData(values, digests_of(prepared.whole)))
        elif digests_of(self._prepare(begun.values, self._folds[0]).whole) != begun.samples:
            what = f"{path} has other samples than sweep {self._sweep.id} has begun with"
            raise RunError(f"{what}; give these back, or begin another")
        self._checked.add(path)

    def _earlier(self, number: int) -> dict[int, Tried]:
        """Return the trials that one of that number may depend on."""
        if not self._search.in_order:
            return {}
        earlier = {key: self._sweep.trials[key] for key in range(number - self._search.ahead + 1)}
        return {key: trial.tried(self._sweep.sign) for key, trial in earlier.items()}

    def _least(self, earlier: dict[int, Tried], epochs: int) -> dict[int, float]:
        out = [tried for tried in earlier.values() if tried.score is not None]
        whole = [tried.course for tried in out if not tried.is_pruned]
        return self._search.pruning.least(whole, [tried.course for tried in out], epochs)

    def _check_monitor(self, number: int, prepared: Prepared) -> None:
        """Raise ConfigError unless the trial can be compared with others."""
        name, others = prepared.config.monitor, self._sweep.monitor
        if prepared.config.monitored is None:
            rule = f"must be a figure to compare trials by, and trial {number} has none"
            raise ConfigError("monitor", name, rule, "give folds in [sweep], or validation samples")
        if others not in (None, name):
            rule = f"must be {others}, as in the trials before trial {number}"
            raise ConfigError("monitor", name, rule, "give a monitor in [sweep]")
        if others is None:
            self._sweep.compare_by(name)

    def _end(self, ended: Ended) -> None:
        """Take what came of a run."""
        number = next((number for number, each in self._open.items() if ended.name in each.runs), None)
        if number is None:  # of a trial that has failed meanwhile
            return
        trial = self._open[number]
        with uninterrupted:
            if ended.learned is not None:
                self._sweep.write_run(trial.runs[ended.name], ended)
            trial.ended[ended.name] = ended
            self._close_if_done(number)

    def _close_if_done(self, number: int) -> None:
        """Write a trial down when all of its runs have ended, or one to no end."""
        trial = self._open[number]
        failed = next((ended for ended in trial.ended.values() if ended.learned is None), None)
        if failed is None and len(trial.ended) < len(trial.runs):
            return
        del self._open[number]
        if failed is not None:
            for name in trial.runs.keys() - trial.ended.keys():
                self._executor.cancel(name)
            runs = [name for name in trial.runs if name in trial.ended and trial.ended[name].learned]
            state = LOST if failed.is_lost else FAILED
            return self._add(Trial(number, trial.values, state, runs=runs, reason=_line(failed.reason)))
        return self._add(self._trial(number, trial))

    def _trial(self, number: int, done: _Open) -> Trial:
        """Return what is recorded of a trial whose runs have all ended."""
        sign, histories, learned = self._sweep.sign, list[list[float]](), []
        for name, run in done.runs.items():
            found = done.ended[name].learned
            assert found is not None
            learned.append(found)
            histories.append(history_of(run.prepared.config, found.epochs))
        scores = [sign * max(history) for history in histories]
        single = len(learned) == 1
        return Trial(
            number,
            done.values,
            PRUNED if any(each.is_pruned for each in learned) else FINISHED,
            score=sum(scores) / len(scores),
            scores=scores,
            epochs=[len(each.epochs) for each in learned],
            best_epochs=[best_epoch(history) for history in histories],
            seconds=round(sum(metrics.seconds for each in learned for metrics in each.epochs), 3),
            course=_running(histories[0]) if single else [],
            runs=[*done.runs],
            weights_sha256=[each.epochs[-1].weights_sha256 for each in learned],
        )

    def _add(self, trial: Trial) -> None:
        self._sweep.add(trial)
        self._after_trial(trial)


def _running(history: list[float]) -> list[float]:
    """Return the best so far after each epoch."""
    return [max(history[: epoch + 1]) for epoch in range(len(history))]


def _line(what: object) -> str:
    """Return a reason as one line, with options as their users know them."""
    text = what.text(what.field.replace("_", "-")) if isinstance(what, ConfigError) else str(what)
    return " ".join(text.split())
