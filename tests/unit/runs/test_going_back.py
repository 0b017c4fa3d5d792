"""A run whose audit names a liar goes back to before it took part, and tells what was wrong."""

from dataclasses import replace

import pytest

from coordinator.runs.checkpoint import kept_checkpoints
from coordinator.runs.going_back import GoingBack, first_touched
from coordinator.runs.recorder import Recorder
from coordinator.runs.run import RunFolder
from shared.accounting import EpochCounts
from shared.data.dataset import Dataset
from shared.training.callbacks import Callback, Callbacks
from shared.training.in_process import InProcessGradients
from shared.training.liars import LiarsNamedError
from shared.training.loop import train
from shared.training.state import TrainingState
from tests.support.learning import CONFIG, SAMPLES

DATA = Dataset(SAMPLES, SAMPLES, SAMPLES)
JOB = replace(CONFIG, epochs=7)
STEPS = 10


class Lying(InProcessGradients):
    """Says that a liar computed all from one epoch on; it lies in one step, and is named in another, once."""

    def __init__(self, *arguments, joins: int, lies: tuple[int, int] | None, named: tuple[int, int]) -> None:
        super().__init__(*arguments)
        self._joins, self._lies, self._named = joins, lies, named

    def gradient(self, parameters, step):
        result, here = super().gradient(parameters, step), (step.epoch, step.index)
        if step.epoch >= self._joins:
            result.counts.workers["liar"] = result.counts.workers.pop("coordinator")
        if here == self._lies:
            result.total[3] += 1
        if here == self._named:
            self._joins, self._lies, self._named = JOB.epochs, None, (-1, -1)
            result.counts.of("liar").rejected += 1
            return result._replace(liars=("liar",), excluded=("liar",))
        return result


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs", JOB, tmp_path, DATA)


def expected() -> list[str]:
    """The fingerprints of the undisturbed run."""
    found = []

    class Noting(Callback):
        def after_epoch(self, state, metrics):
            found.append(metrics.weights_sha256)

    train(JOB, DATA, InProcessGradients(JOB, DATA), TrainingState.initial(JOB), Noting())
    return found


def train_with(run: RunFolder, liar: Lying, unchecked: int | None = None) -> list[int]:
    """Train as a session does; return the epochs that it went back to."""
    state, back = run.initial_state(), list[int]()
    with Recorder(run, GoingBack(run, STEPS, unchecked)) as recorder:
        while True:
            try:
                train(JOB, DATA, liar, state, Callbacks([recorder]))
                return back
            except LiarsNamedError as named:
                before = state.epoch, state.step_index
                recorder.go_back(named, state)
                back.append(state.epoch)
                if (state.epoch, state.step_index) == before:
                    continue
                kept = run.state(STEPS)
                assert (kept.epoch, kept.step_index) == (state.epoch, state.step_index)
                assert run.saved().parameters.sha256 == state.model.sha256


def liar_of(joins: int, lies: tuple[int, int] | None, named: tuple[int, int]) -> Lying:
    return Lying(JOB, DATA, joins=joins, lies=lies, named=named)


def recorded(run: RunFolder) -> list[str]:
    return [metrics.weights_sha256 for metrics in run.metrics]


def test_what_was_wrong_is_computed_again_and_told(run, caplog):
    back = train_with(run, liar_of(joins=2, lies=(4, 3), named=(6, 5)))
    assert back[0] <= 2
    assert len(back) == 1
    assert recorded(run) == expected()
    assert "liar took part since epoch 2" in caplog.text
    assert "epoch 4 was wrong, and those after it, by replies of liar; it is right now" in caplog.text
    of_liar = [each.workers["liar"] for each in run.ledger if "liar" in each.workers]
    assert [(each.rejected, each.answered) for each in of_liar] == [(1, 0)]
    assert not [*run.folder.glob("checkpoint.epoch*")]  # the run is finished


def test_what_was_right_is_told_too(run, caplog):
    train_with(run, liar_of(joins=0, lies=None, named=(3, 5)))
    assert recorded(run) == expected()
    assert "all epochs up to 2 were right in spite of liar" in caplog.text


def test_who_gave_nothing_before_costs_a_step(run, caplog):
    assert train_with(run, liar_of(joins=7, lies=None, named=(3, 5))) == [3]
    assert recorded(run) == expected()
    assert "going back" not in caplog.text


def test_where_all_is_checked_nothing_is_computed_again(run):
    assert train_with(run, liar_of(joins=1, lies=None, named=(5, 0)), unchecked=0) == [5]
    assert recorded(run) == expected()


def test_nothing_of_before_is_left_to_go_on_from(run):
    state = TrainingState.initial(JOB)
    with Recorder(run, GoingBack(run, STEPS)) as recorder:
        with pytest.raises(LiarsNamedError) as error:
            train(JOB, DATA, liar_of(joins=0, lies=(1, 1), named=(5, 0)), state, recorder)
        recorder.go_back(error.value, state)
    assert [path.exists() for path in kept_checkpoints(run.checkpoint)] == [True, False]
    assert not [*run.folder.glob("checkpoint.epoch*")]
    assert state.epoch == state.step_index == 0


def test_who_finishes_without_an_audit_keeps_nothing_of_before(run):
    state = TrainingState.initial(JOB)
    with Recorder(run, GoingBack(run, STEPS)) as recorder, pytest.raises(LiarsNamedError):
        train(JOB, DATA, liar_of(joins=7, lies=None, named=(3, 5)), state, recorder)
    assert [*run.folder.glob("checkpoint.epoch*")]
    with Recorder(run) as recorder:
        train(JOB, DATA, InProcessGradients(JOB, DATA), run.state(STEPS), recorder)
    assert recorded(run) == expected()
    assert not [*run.folder.glob("checkpoint.epoch*")]


def test_the_first_epoch_with_a_reply_of_theirs_is_found():
    counts = EpochCounts()
    assert first_touched(["liar"], [], counts) is None
    counts.of("liar").rejected = 3
    assert first_touched(["liar"], [], counts) is None
    counts.answered("liar", 3)
    assert first_touched(["another", "liar"], [], counts) == 0
    counts = EpochCounts()
    counts.of("worker1@host:1d").answered = 1
    assert first_touched(["worker1@host:2e"], [], counts) == 0, "the same machine, started again"
    assert first_touched(["lease 7:1d"], [], counts) == 0, "the same worker, whose word that it has joined got lost"
    assert first_touched(["worker2@host:2e"], [], counts) is None
