"""Which trials a sweep tries does not depend on who computes them, nor on when they come out."""

import json
from pathlib import Path

import pytest

from coordinator.api.trial_options import TrialOptions
from coordinator.sweeps.driving import Driver
from coordinator.sweeps.executors import InProcess
from coordinator.sweeps.folder import SweepFolder
from coordinator.sweeps.trials import LOST, Ended
from shared.data.folds import Fold
from shared.errors import DataError, RunError
from tests.support.sweeps import FIXED, IRIS, sweep_of


class Several(InProcess):
    """Has several runs at a time; the last that was given comes out first."""

    def wants_more(self) -> bool:
        return len(self._runs) < 3

    def wait(self) -> list[Ended]:
        self._runs.reverse()
        ended = super().wait()
        self._runs.reverse()
        return ended


class KilledError(Exception):
    """The coordinator was killed."""


class Dying(InProcess):
    """Computes so many runs."""

    left = 0

    def wait(self) -> list[Ended]:
        if not self.left:
            raise KilledError
        self.left -= 1
        return super().wait()


def drive(sweep: SweepFolder, executor: InProcess) -> SweepFolder:
    sweep.lock()
    try:
        Driver(sweep, TrialOptions(sweep.definition, Path("sweep.toml")).prepared, executor).drive()
    finally:
        sweep.unlock()
    return sweep


def found(sweep: SweepFolder) -> list[tuple]:
    """What was tried, and what came of it, without the time that it took."""
    trials = [sweep.trials[number] for number in sorted(sweep.trials)]
    return [(t.trial, t.values, t.state, t.scores, t.epochs, t.weights_sha256, t.reason) for t in trials]


@pytest.mark.parametrize(
    "how",
    [
        "trials = 6",
        "trials = 5\nfolds = 2",
        'trials = 9\npruning = "median"\nstartup = 2\nahead = 3',
        'trials = 9\npruning = "halving"\nstartup = 2\nfactor = 2\nahead = 3',
        'method = "tpe"\ntrials = 14\nahead = 3',
    ],
)
def test_trials_are_the_same_in_whatever_order_they_come_out_and_after_a_crash(how, tmp_path):
    plain = found(drive(sweep_of(tmp_path / "plain", how), InProcess()))
    assert found(drive(sweep_of(tmp_path / "several", how), Several())) == plain
    crashed = sweep_of(tmp_path / "crashed", how)
    executor = Dying()
    executor.left = 3
    with pytest.raises(KilledError):
        drive(crashed, executor)
    again = SweepFolder.open(str(crashed.folder), tmp_path)
    assert found(again) == plain[: len(again.trials)]
    assert found(drive(again, InProcess())) == plain
    if "pruning" in how:
        assert {state for _, _, state, *_ in plain} == {"finished", "pruned"}


def test_tpe_suggests_better_values_than_drawn_ones(tmp_path):
    space = "[search]\nlearning-rate = {low = 0.000001, high = 1.0, log = true}\n"
    drawn = drive(sweep_of(tmp_path, "trials = 24", space), InProcess())
    suggested = drive(sweep_of(tmp_path, 'method = "tpe"\nahead = 1\ntrials = 24', space), InProcess())
    costs = [sum(trial.score for trial in sweep.trials.values() if trial.trial >= 12) for sweep in (drawn, suggested)]
    assert costs[1] < costs[0]


def test_a_run_that_was_written_before_the_crash_is_not_repeated(tmp_path):
    sweep = drive(sweep_of(tmp_path, "trials = 1"), InProcess())
    before = found(sweep)
    (sweep.folder / "trials.jsonl").unlink()
    again = SweepFolder.open(str(sweep.folder), tmp_path)
    drive(again, Dying())  # which would compute nothing
    assert found(again) == before


def test_a_line_that_a_crash_has_torn_is_tried_again(tmp_path):
    sweep = drive(sweep_of(tmp_path, "trials = 2"), InProcess())
    before = found(sweep)
    path = sweep.folder / "trials.jsonl"
    path.write_text(path.read_text()[:-30])
    again = drive(SweepFolder.open(str(sweep.folder), tmp_path), InProcess())
    assert found(again) == before
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 2


def test_a_trial_with_bad_options_fails_with_its_reason_and_others_go_on(tmp_path):
    space = '[search]\nlearning-rate = [0.01, -1.0]\nmomentum = [0.9]\noptimizer = ["momentum", "adam"]\n'
    trials = found(drive(sweep_of(tmp_path, 'method = "grid"', space), InProcess()))
    assert [state for _, _, state, *_ in trials] == ["finished", "failed", "failed", "failed"]
    assert trials[1][-1] == "momentum goes with --optimizer momentum or nesterov or rmsprop, not with adam, got 0.9"
    assert trials[2][-1] == "learning-rate must be a finite number above 0, got -1.0; the notebook used 3.0"


def test_a_trial_that_diverges_fails_and_keeps_the_reason(tmp_path):
    fixed = FIXED + 'arithmetic = "native"\noptimizer = "sgd"\noutput = "linear"\nloss = "quadratic"\n'
    space = "[search]\nlearning-rate = [1e30, 0.01]\n"
    trials = found(drive(sweep_of(tmp_path, 'method = "grid"', space, fixed), InProcess()))
    assert [state for _, _, state, *_ in trials] == ["failed", "finished"]
    assert trials[0][-1].startswith("no longer finite")


class Losing(InProcess):
    """Loses the workers of one run."""

    def wait(self) -> list[Ended]:
        if self._runs and self._runs[0].name == "trial-0001":
            return [Ended(self._runs.popleft().name, reason="its workers were lost", is_lost=True)]
        return super().wait()


def test_a_trial_whose_workers_were_lost_is_tried_again_when_the_sweep_goes_on(tmp_path):
    plain = found(drive(sweep_of(tmp_path / "plain", "trials = 3"), InProcess()))
    sweep = drive(sweep_of(tmp_path / "lost", "trials = 3"), Losing())
    assert [trial.state for trial in sweep.ranked()].count(LOST) == 1
    path = sweep.folder / "trials.jsonl"
    before = path.read_text()
    # Going on that comes to nothing takes nothing away.
    with pytest.raises(KilledError):
        drive(SweepFolder.open(str(sweep.folder), tmp_path), Dying())
    assert path.read_text() == before
    again = drive(SweepFolder.open(str(sweep.folder), tmp_path), InProcess())
    assert found(again) == plain
    assert len(path.read_text().splitlines()) == 3


def test_going_on_that_fails_removes_nothing_though_nothing_had_come_out(tmp_path):
    sweep = sweep_of(tmp_path, "trials = 1")
    again = SweepFolder.open(str(sweep.folder), tmp_path)
    again.lock()
    again.discard(keep_logs=False)
    again.unlock()
    assert sweep.folder.exists()
    sweep.lock()
    sweep.discard(keep_logs=False)
    sweep.unlock()
    assert not sweep.folder.exists()


@pytest.fixture
def own_table(tmp_path):
    """A table that a test may change, and the fixed options of a sweep over it."""
    path = tmp_path / "own.csv"
    path.write_text(IRIS.read_text())
    return path, FIXED.replace(str(IRIS), str(path))


def test_a_sweep_goes_on_with_the_samples_that_it_began_with_or_not_at_all(own_table, tmp_path):
    path, fixed = own_table
    sweep = sweep_of(tmp_path, "trials = 3", fixed=fixed)
    executor = Dying()
    executor.left = 1
    with pytest.raises(KilledError):
        drive(sweep, executor)
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(RunError, match=f"{path} has other samples than sweep {sweep.id} has begun with"):
        drive(SweepFolder.open(str(sweep.folder), tmp_path), InProcess())
    path.write_text(IRIS.read_text())
    again = drive(SweepFolder.open(str(sweep.folder), tmp_path), InProcess())
    assert {trial.state for trial in again.trials.values()} == {"finished"}


class Removing(InProcess):
    """Removes the data after the first run."""

    path: Path

    def wait(self) -> list[Ended]:
        ended = super().wait()
        self.path.unlink(missing_ok=True)
        return ended


def test_data_that_cannot_be_read_end_the_sweep_instead_of_each_trial(own_table, tmp_path):
    path, fixed = own_table
    space = "[search]\nseed = [1, 2, 3]\n"  # so that each trial divides the samples otherwise
    sweep = sweep_of(tmp_path, 'method = "grid"', space, fixed)
    executor = Removing()
    executor.path = path
    with pytest.raises(DataError, match=r"own\.csv cannot be read"):
        drive(sweep, executor)
    assert [trial.state for trial in sweep.trials.values()] == ["finished"]


class Broken(InProcess):
    """Gives runs that raise what nobody has foreseen."""

    def give(self, run):
        super().give(run._replace(least=None if run.name == "trial-0000" else run.least))


def test_a_run_that_raises_what_nobody_has_foreseen_fails_with_a_line_and_others_go_on(tmp_path, caplog):
    trials = found(drive(sweep_of(tmp_path, "trials = 2"), Broken()))
    assert [state for _, _, state, *_ in trials] == ["failed", "finished"]
    assert trials[0][-1] == "AttributeError: 'NoneType' object has no attribute 'get'"


def test_runs_with_equal_samples_share_their_memory_and_folds_are_copied_only_when_they_are_needed(tmp_path):
    definition = sweep_of(tmp_path, "trials = 1").definition
    options = TrialOptions(definition, Path("sweep.toml"))
    folds = [options.prepared({"learning-rate": 0.1}, Fold(number, 3)) for number in (1, 2, 3)]
    assert len({id(each.whole.training.values) for each in folds}) == 1
    assert [each.sizes for each in folds] == [
        (len(each.dataset().training), len(each.dataset().validation), len(each.dataset().test)) for each in folds
    ]
    other = options.prepared({"learning-rate": 0.1, "seed": 1, "validation": 0.0, "test": 0.0}, None)
    another = options.prepared({"learning-rate": 0.1, "seed": 2, "validation": 0.0, "test": 0.0}, None)
    assert other.whole.training.values is another.whole.training.values


def test_a_sweep_over_the_largest_seed_goes_on(tmp_path):
    sweep = drive(sweep_of(tmp_path, 'method = "grid"', f"[search]\nseed = [{2**64 - 1}]\n"), InProcess())
    again = SweepFolder.open(str(sweep.folder), tmp_path)
    assert found(again) == found(sweep) != []


def test_data_that_some_trials_can_take_fail_the_others_alone(tmp_path):
    fixed = FIXED.replace('"species"', '"petal_width"') + 'loss = "quadratic"\n'
    space = '[search]\noutput = ["sigmoid", "linear"]\n'
    trials = found(drive(sweep_of(tmp_path, 'method = "grid"', space, fixed), InProcess()))
    assert [state for _, _, state, *_ in trials] == ["failed", "finished"]
    assert "wanted outputs" in trials[0][-1]
