"""The loop: in which order things happen, and that a step is taken whole, or the run stops there."""

import ast
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coordinator.reporting.progress_bar import ProgressBar
from coordinator.runs.recorder import Recorder
from coordinator.runs.run import RunFolder
from shared.config import TrainConfig
from shared.data.dataset import Dataset, load_dataset
from shared.data.parts import Part
from shared.errors import DivergedError, LedgerError, QueueError
from shared.strategies import SyncSGD
from shared.training import loop
from shared.training.callbacks import Callback, Callbacks
from shared.training.in_process import InProcessGradients
from shared.training.loop import train
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState
from tests.support.learning import CONFIG as TINY
from tests.support.learning import SAMPLES

CONFIG = TrainConfig(
    sizes=(196, 12, 10),
    epochs=4,
    mini_batch_size=10,
    learning_rate=3.0,
    arithmetic="native",
    strategy=SyncSGD(shards=2),
)


@pytest.fixture
def run_of(small_data, tmp_path) -> Callable[..., tuple[RunFolder, Dataset, TrainingState]]:
    def make(learning_rate: float = 3.0) -> tuple[RunFolder, Dataset, TrainingState]:
        data = load_dataset(small_data)
        config = replace(CONFIG, learning_rate=learning_rate)
        return RunFolder.create(tmp_path / "runs", config, small_data, data), data, TrainingState.initial(config)

    return make


def train_and_record(run: RunFolder, data: Dataset, source: InProcessGradients, state: TrainingState) -> None:
    with ProgressBar(run.config, len(data.training)) as bar, Recorder(run) as recorder, np.errstate(all="ignore"):
        train(run.config, data, source, state, Callbacks([recorder, bar]))


class Poisoned(InProcessGradients):
    """Gradients that are right up to a step of an epoch."""

    def __init__(self, *arguments, step: tuple[int, int], poison: float) -> None:
        super().__init__(*arguments)
        self._step, self._poison = step, poison

    def gradient(self, parameters, step):
        result = super().gradient(parameters, step)
        if (step.epoch, step.index) == self._step:
            result.total[5] = self._poison
        return result


@pytest.mark.parametrize(("poison", "learning_rate", "at"), [(np.nan, 3.0, 17), (np.inf, 3.0, 17), (3e38, 300.0, 18)])
def test_numbers_that_are_not_finite_stop_the_run_at_their_step(run_of, poison, learning_rate, at):
    run, data, state = run_of(learning_rate)
    source = Poisoned(run.config, data, step=(2, 17), poison=poison)
    with pytest.raises(DivergedError) as error:
        train_and_record(run, data, source, state)
    assert str(error.value) == (
        f"no longer finite: the gradient at step {at} of epoch 2; "
        f"give a learning rate below {learning_rate:g}, or the wider dtype float64"
    )
    kept = run.state(100)
    assert (kept.epoch, kept.step_index) == (2, 0)
    assert kept.parameters.sha256 == run.metrics[1].weights_sha256


class Forgetful(InProcessGradients):
    """Counts one sample too few in one step."""

    def gradient(self, parameters, step):
        result = super().gradient(parameters, step)
        if (step.epoch, step.index) == (1, 17):
            result.counts.requests += 1
            result.counts.answered("worker", -1)
        return result


def test_an_epoch_whose_ledger_does_not_come_out_is_not_closed(run_of):
    run, data, state = run_of()
    with pytest.raises(LedgerError, match="999 of 1000 samples applied"):
        train_and_record(run, data, Forgetful(run.config, data), state)
    assert [line["epoch"] for line in map(json.loads, (run.folder / "metrics.jsonl").read_text().splitlines())] == [0]


class Unanswered(InProcessGradients):
    """A request of one step is never answered."""

    def gradient(self, parameters, step):
        result = super().gradient(parameters, step)
        result.counts.requests += step.index == 3
        return result


DATA = Dataset(SAMPLES, SAMPLES, SAMPLES)
EPOCHS, STEPS = 2, 10


class Listener(Callback):
    """Notes what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple] = []
        self.epochs: list[EpochMetrics] = []

    def on_begin(self, state):
        self.heard.append(("begin", state.epoch, state.step_index))

    def after_step(self, state, result, source):
        assert source.n_workers == 0
        self.heard.append(("step", state.epoch, state.step_index, result.score.samples))

    def after_epoch(self, state, metrics):
        self.heard.append(("epoch", metrics.epoch, state.epoch, state.step_index, metrics.samples))
        self.epochs.append(metrics)

    def on_stop(self, state):
        self.heard.append(("stop", state.epoch, state.step_index))


def tiny() -> tuple[TrainConfig, TrainingState, Listener]:
    config = replace(TINY, epochs=EPOCHS)
    return config, TrainingState.initial(config), Listener()


def test_what_is_heard_of_a_run_and_in_which_order():
    config, state, listener = tiny()
    train(config, DATA, InProcessGradients(config, DATA), state, listener)
    expected = [("begin", 0, 0)]
    for epoch in range(EPOCHS):
        expected += [("step", epoch, index + 1, 6) for index in range(STEPS)]
        expected.append(("epoch", epoch, epoch + 1, 0, len(SAMPLES)))  # at the beginning of the next
    assert listener.heard == expected


def test_a_run_goes_on_from_the_middle_of_an_epoch_to_the_same_bits():
    config, whole, _ = tiny()
    train(config, DATA, InProcessGradients(config, DATA), whole, Callback())
    config, state, listener = tiny()

    class Half(Listener):
        def after_step(self, state, result, source):
            if (state.epoch, state.step_index) == (1, 4):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, DATA, InProcessGradients(config, DATA), state, Half())
    train(config, DATA, InProcessGradients(config, DATA), state, listener)
    assert listener.heard[0] == ("begin", 1, 4)
    assert listener.heard[1] == ("step", 1, 5, 6)
    assert state.parameters.sha256 == whole.parameters.sha256


class Stopping(InProcessGradients):
    """Is stopped before a step of an epoch."""

    def __init__(self, *arguments, at: tuple[int, int], by: BaseException) -> None:
        super().__init__(*arguments)
        self._at, self._by = at, by

    def gradient(self, parameters, step):
        if (step.epoch, step.index) == self._at:
            raise self._by
        return super().gradient(parameters, step)


class StoppingInEvaluation(InProcessGradients):
    """Is stopped between the evaluations of an epoch."""

    def evaluate(self, parameters, step):
        if (step.epoch, step.part) == (1, Part.TEST):
            raise KeyboardInterrupt
        return super().evaluate(parameters, step)


def test_a_run_that_is_stopped_in_an_evaluation_goes_on_there_to_the_same_figures():
    config, whole, expected = tiny()
    train(config, DATA, InProcessGradients(config, DATA), whole, expected)
    config, state, listener = tiny()
    with pytest.raises(KeyboardInterrupt):
        train(config, DATA, StoppingInEvaluation(config, DATA), state, listener)
    assert listener.heard[-1] == ("stop", 1, STEPS)
    assert state.counts.requests == STEPS  # what was evaluated will be again, and entered once
    train(config, DATA, InProcessGradients(config, DATA), state, listener)
    assert listener.heard[-2:] == [("begin", 1, STEPS), expected.heard[-1]]
    assert [replace(each, seconds=0) for each in listener.epochs] == [
        replace(each, seconds=0) for each in expected.epochs
    ]


@pytest.mark.parametrize("by", [KeyboardInterrupt(), QueueError("the queue is away")])
def test_before_a_stop_passes_through_it_is_heard_of(by):
    config, state, listener = tiny()
    with pytest.raises(type(by)):
        train(config, DATA, Stopping(config, DATA, at=(1, 3), by=by), state, listener)
    assert listener.heard[-2:] == [("step", 1, 3, 6), ("stop", 1, 3)]


class Excluding(InProcessGradients):
    """Excludes a worker in a step of an epoch, which is then stopped."""

    def __init__(self, *arguments, at: tuple[int, int], by: BaseException) -> None:
        super().__init__(*arguments)
        self._at, self._by = at, by

    def gradient(self, parameters, step):
        result = super().gradient(parameters, step)
        if (step.epoch, step.index) == (0, 2):
            self.excluded = ("liar",)
            return result._replace(excluded=self.excluded)
        if (step.epoch, step.index) == self._at:
            self.excluded = ("liar", "cheat")
            raise self._by
        return result


@pytest.mark.parametrize("by", [KeyboardInterrupt(), QueueError("the queue is away")])
def test_who_is_excluded_in_a_step_that_is_stopped_stays_so(by):
    config, state, _ = tiny()
    heard: list[tuple] = []

    class OnStop(Callback):
        def on_stop(self, state):
            heard.append((state.epoch, state.step_index, [*state.excluded]))

    with pytest.raises(type(by)):
        train(config, DATA, Excluding(config, DATA, at=(1, 3), by=by), state, OnStop())
    assert heard == [(1, 3, ["liar", "cheat"])]
    assert state.counts.requests == 3  # of the steps that were taken; all else of the stopped one is forgotten


def test_a_stop_before_the_first_step_is_nothing_to_go_on_from():
    config, state, listener = tiny()
    with pytest.raises(KeyboardInterrupt):
        train(config, DATA, Stopping(config, DATA, at=(0, 0), by=KeyboardInterrupt()), state, listener)
    assert listener.heard == [("begin", 0, 0)]


def test_a_stop_with_weights_that_are_not_finite_is_not_to_be_gone_on_from():
    config, state, listener = tiny()

    class Poisoning(Stopping):
        def gradient(self, parameters, step):
            if (step.epoch, step.index) == self._at:
                parameters.flat[0] = np.nan
            return super().gradient(parameters, step)

    with pytest.raises(KeyboardInterrupt):
        train(config, DATA, Poisoning(config, DATA, at=(0, 3), by=KeyboardInterrupt()), state, listener)
    assert listener.heard[-1] == ("step", 0, 3, 6)


@pytest.mark.parametrize("source", [Unanswered(TINY, DATA), Poisoned(TINY, DATA, step=(0, 5), poison=np.nan)])
def test_of_what_is_wrong_with_the_run_itself_no_stop_is_heard(source):
    config, state, listener = tiny()
    with pytest.raises((LedgerError, DivergedError)):
        train(config, DATA, source, state, listener)
    assert listener.heard[-1][0] == "step"


def test_the_loop_names_nobody_who_listens():
    tree = ast.parse(Path(loop.__file__).read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    strangers = ("coordinator.runs", "coordinator.reporting", "coordinator.cli", "coordinator.session", "tqdm")
    assert not [name for name in imported if name.startswith(strangers)]
    assert "shared.training.callbacks" in imported
