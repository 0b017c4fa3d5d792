"""Which trials a sweep tries does not depend on who computes them, nor on when they come out."""

import json
from pathlib import Path

import pytest

from coordinator.cli.trial_options import TrialOptions
from coordinator.sweeps.definition import Definition
from coordinator.sweeps.driving import Driver
from coordinator.sweeps.executors import InProcess
from coordinator.sweeps.folder import SweepFolder
from coordinator.sweeps.trials import Ended
from tests.support.mnist import PROJECT

FIXED = f'data = "{PROJECT / "examples" / "iris.csv"}"\ntarget = "species"\nhidden = [4]\nepochs = 2\n'
SPACE = """[search]
learning-rate = {low = 0.001, high = 1.0, log = true}
activation = ["relu", "tanh"]
"""


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


def sweep_of(runs: Path, sweep: str, space: str = SPACE, fixed: str = FIXED) -> SweepFolder:
    content = f"{fixed}{space}[sweep]\n{sweep}\n".encode()
    return SweepFolder.create(runs, Definition.parse(content, "sweep.toml"), content)


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
