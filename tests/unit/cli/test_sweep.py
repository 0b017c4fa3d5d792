"""`gradmq sweep` in one process: what it tells and writes, and which wrong input it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.support.tables import write_flowers

FILE = """data = "flowers.csv"
target = "species"
hidden = [4]
epochs = 2
{fixed}
[search]
learning-rate = [0.01, 0.1]
{search}
[sweep]
method = "grid"
{sweep}
"""


@pytest.fixture
def sweep(main_here, capsys, tmp_path, monkeypatch):
    """Run `gradmq sweep` of such a file in a folder with a table; return the exit code and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GRADMQ_REDIS_URL", raising=False)
    write_flowers(Path("flowers.csv"))
    np.save("few.npy", np.ones(3))

    def call(*arguments, fixed="", search="", sweep=""):
        Path("sweep.toml").write_text(FILE.format(fixed=fixed, search=search, sweep=sweep))
        code = main_here("sweep", *map(str, arguments or ["sweep.toml", "--workers", 0]))
        output = capsys.readouterr()
        return code, output.out + output.err

    return call


def folder() -> Path:
    (found,) = Path("runs").glob("sweep-*")
    return found


def test_it_tells_of_each_trial_and_ends_with_a_table_the_best_first(sweep):
    code, text = sweep()
    assert code == 0, text
    lines = text.splitlines()
    assert lines[0].endswith(": 2 trials, grid, seed 0, over learning-rate")
    assert lines[1].startswith("trial 0: validation cost 0.") or lines[1].startswith("trial 0: validation cost 1.")
    costs = [float(line.split()[2]) for line in lines[4:6]]
    assert costs == sorted(costs)
    summary = json.loads((folder() / "sweep.json").read_text())
    assert summary["best"]["score"] == pytest.approx(costs[0], rel=1e-3)
    assert (folder() / "scores.png").read_bytes().startswith(b"\x89PNG")
    assert "gradmq train --config runs/sweep-" in lines[-1]
    assert not (folder() / "trial-0000").joinpath("logs").exists()


def test_folds_are_runs_of_their_own_and_train_makes_the_same_of_them(sweep, main_here):
    code, text = sweep(sweep="folds = 3")
    assert code == 0, text
    trial = json.loads((folder() / "trials.jsonl").read_text().splitlines()[0])
    assert trial["runs"] == ["trial-0000-fold-1", "trial-0000-fold-2", "trial-0000-fold-3"]
    assert trial["score"] == pytest.approx(sum(trial["scores"]) / 3)
    options = ["--target", "species", "--hidden", "4", "--epochs", "2", "--learning-rate", "0.01", "--fold", "2/3"]
    assert main_here("train", "--data", "flowers.csv", *options, "--workers", "0", "--runs", "train") == 0
    (line,) = Path("train").glob("*/metrics.jsonl")
    assert json.loads(line.read_text().splitlines()[-1])["weights_sha256"] == trial["weights_sha256"][1]
    assert main_here("verify", str(folder() / "trial-0000-fold-2")) == 0
    config = str(folder() / "trial-0000-fold-2" / "config.json")
    assert main_here("train", "--config", config, "--workers", "0", "--runs", "again") == 0


def test_sweeps_are_listed_below_the_runs_and_their_runs_where_the_list_says(sweep, main_here, capsys):
    assert sweep(sweep="folds = 2")[0] == 0
    assert main_here("runs") == 0
    heads, row, where = capsys.readouterr().out.splitlines()
    assert heads.split() == ["sweep", "method", "trials", "best", "by", "score", "state"]
    assert row.split()[:3] == [folder().name, "grid", "2/2"]
    assert row.split()[-1] == "finished"
    assert where == f"their runs: gradmq runs --runs {folder()}"
    assert main_here("runs", "--runs", str(folder())) == 0
    _, *rows = capsys.readouterr().out.splitlines()
    names = ["trial-0000-fold-1", "trial-0000-fold-2", "trial-0001-fold-1", "trial-0001-fold-2"]
    assert [each.split()[0] for each in rows] == names
    assert main_here("report", folder().name) == 2
    assert f"give a run of it, as {folder().name}/trial-0000-fold-1, or" in capsys.readouterr().err
    options = ["--data", "flowers.csv", "--target", "species", "--workers", "0", "--epochs", "1"]
    assert main_here("train", *options) == 0
    (folder() / "sweep.json").write_text("[")
    capsys.readouterr()
    assert main_here("runs") == 0
    _, run, nothing, _, damaged, _ = capsys.readouterr().out.splitlines()
    assert (run.split()[-1], nothing, damaged.split()) == ("finished", "", [folder().name, "damaged"])


def test_the_best_options_leave_out_what_others_override(sweep, main_here):
    code, text = sweep(fixed="momentum = 0.5\noptimizer = 'momentum'", search='optimizer = ["adam"]')
    assert code == 2
    assert "optimizer cannot both vary and be fixed" in text
    code, text = sweep(fixed='arithmetic = "native"\nmomentum = 0.5', search='optimizer = ["momentum"]')
    assert code == 0, text
    best = (folder() / "best.toml").read_text()
    assert "shards = 1" in best
    assert 'target = "species"' in best and f'data = "{Path("flowers.csv").absolute()}"' in best
    assert main_here("train", "--config", str(folder() / "best.toml"), "--workers", "0", "--runs", "again") == 0
    (run,) = Path("again").glob("*/metrics.jsonl")
    summary = json.loads((folder() / "sweep.json").read_text())
    assert [json.loads(run.read_text().splitlines()[-1])["weights_sha256"]] == summary["best"]["weights_sha256"]


def test_a_sweep_at_its_end_tells_its_results_again_and_can_have_more_trials(sweep):
    assert sweep(search="seed = {low = 0, high = 9, int = true, count = 2}", sweep="trials = 3")[0] == 0
    code, text = sweep("--resume", folder(), "--workers", "0")
    assert code == 0 and "3 have come out before" in text and "best trial" in text
    code, text = sweep(folder().name, "--resume", folder())
    assert code == 2 and "give a sweep's file, or --resume" in text
    code, text = sweep("--resume", folder().name, "--trials", "4", "--workers", "0")
    assert code == 0 and text.count("\ntrial 3:") == 1
    assert "--seed cannot change in a sweep that has begun" in sweep("--resume", folder(), "--seed", "1")[1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"search": "epocs = [1]"}, "there is no option epocs; did you mean epochs?"),
        ({"search": 'activation = ["swish"]'}, "sweep.toml: activation: 'swish' is not one of"),
        ({"fixed": "workers = 3"}, "sweep.toml: workers is no option of a trial; give it to `gradmq sweep`"),
        ({"search": 'from = ["a"]'}, "from does not go with a sweep"),
        ({"fixed": 'data2 = "x"'}, "there is no option data2"),
        ({"sweep": "trials = -1"}, "sweep.toml: trials must be between 1 and"),
        ({"fixed": 'sample-weights = "w.npy"', "sweep": "folds = 2"}, "do not go with folds"),
        ({"fixed": 'sample-weights = "few.npy"'}, "there are 3 weights for"),
        ({"fixed": "validation = 0.0"}, "give folds in [sweep], or validation samples"),
    ],
)
def test_wrong_input_ends_with_a_line_and_nothing_is_left(sweep, given, said):
    code, text = sweep(**given)
    assert code == 2, text
    assert said in text.splitlines()[-1]
    assert not [*Path().glob("runs/*")]


def test_trials_that_all_fail_end_with_the_first_ones_reason(sweep):
    code, text = sweep(fixed="dropout = 2.0")
    assert code == 2
    assert "trial 0 failed (learning-rate 0.01): dropout must be at least 0 and below 1, got 2.0" in text
    assert "all 2 trials of sweep-" in text.splitlines()[-1]


def test_what_is_missing_is_named(sweep, monkeypatch):
    Path("flowers.csv").unlink()
    code, text = sweep()
    assert code == 2 and "flowers.csv cannot be read: No such file" in text
    assert sweep("nothing.toml")[1].startswith("gradmq: nothing.toml cannot be read: No such file")
    assert "there is no sweep sweep-x" in sweep("--resume", "sweep-x")[1]
    monkeypatch.setattr("coordinator.sweeps.catalogue.find_spec", lambda name: None)
    text = sweep("sweep.toml", "--method", "tpe")[1]
    assert "needs Optuna, which is not installed, got tpe; pip install 'gradmq[sweep]'" in text


def test_a_choice_may_bring_its_own_options(sweep):
    code, text = sweep(fixed='optimizer = {kind = "adam", beta1 = 0.8}')
    assert code == 0, text
    best = (folder() / "best.toml").read_text()
    assert 'optimizer = "adam"' in best and "beta1 = 0.8" in best
