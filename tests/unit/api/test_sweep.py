"""`gradmq.sweep`: the trials of the command line, from Python."""

from pathlib import Path

import numpy as np
import pandas
import pytest

import gradmq
from coordinator.sweeps.summary import summaries
from gradmq import GradMQError
from tests.support.sweeps import FIXED, IRIS

WHAT = {"target": "species", "hidden": [4], "epochs": 2, "search": {"learning_rate": [0.01, 0.1]}}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return {"workers": 0, "runs": tmp_path / "runs"}


def outcome(sweep) -> list[tuple]:
    return [(trial["score"], trial["weights_sha256"]) for trial in sweep.trials]


def test_a_file_a_dictionary_and_the_command_line_are_the_same_sweep(here, main_here, tmp_path):
    file = tmp_path / "sweep.toml"
    file.write_text(f'{FIXED}[search]\nlearning-rate = [0.01, 0.1]\n[sweep]\nmethod = "grid"\n')
    assert main_here("sweep", str(file), "--workers", "0", "--runs", "typed") == 0
    (typed,) = Path("typed").glob("sweep-*")
    expected = outcome(gradmq.Sweep(typed))
    assert outcome(gradmq.sweep(file, **here)) == expected
    given = gradmq.sweep({"data": IRIS, **WHAT, "sweep": {"method": "grid"}}, **here)
    assert outcome(given) == expected
    assert given.best["values"] == {"learning_rate": 0.1}
    assert given.best_run.fingerprint == given.best["weights_sha256"][0]
    assert str(given).splitlines()[1].split()[:2] == ["trial", "learning_rate"]
    assert main_here("train", "--config", str(given.folder / "best.toml"), "--workers", "0", "--runs", "best") == 0


def test_data_in_memory_are_kept_with_the_sweep_which_can_go_on(here, monkeypatch, tmp_path):
    frame = pandas.read_csv(IRIS)
    fixed = {"hidden": np.array([4]).tolist(), "epochs": np.int64(2), "search": WHAT["search"]}
    pair = frame.drop(columns="species"), frame["species"]
    sweep = gradmq.sweep({"data": pair, **fixed}, method="grid", trials=1, **here)
    table = gradmq.sweep({"data": frame, "target": "species", **fixed}, method="grid", trials=1, **here)
    assert outcome(sweep) == outcome(table)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert len(gradmq.sweep(sweep, trials=2, **here).trials) == 2
    assert len(gradmq.sweep(sweep.folder, **here).trials) == 2


@pytest.mark.parametrize(
    ("what", "options", "message"),
    [
        ({**WHAT, "epocs": 1}, {}, "the sweep: there is no option epocs; did you mean epochs?"),
        ({**WHAT, "search": {}}, {}, r"search"),
        ({**WHAT, "sweep": {"method": "best"}}, {}, "the sweep: method must be one of grid, random, tpe, got best"),
        ({**WHAT, "hidden": {4, 5}}, {}, "the sweep cannot be written down: set has no place in a TOML"),
        ({**WHAT, "search": 5}, {}, "the sweep cannot be written down"),
        (WHAT, {"trials": -1}, "the sweep: trials must be between 1 and"),
        (WHAT, {"workers": "two"}, "workers must be a whole number"),
        ("nothing.toml", {}, r"nothing\.toml cannot be read: No such file"),
    ],
)
def test_wrong_input_is_an_error_of_one_line_and_nothing_is_left(here, what, options, message):
    what = {"data": pandas.read_csv(IRIS), **what} if isinstance(what, dict) else what
    with pytest.raises(GradMQError, match=message) as raised:
        gradmq.sweep(what, **{**here, **options})
    assert "\n" not in str(raised.value)
    assert not here["runs"].exists()


def test_a_sweep_of_which_nothing_has_a_score_says_so(here):
    with pytest.raises(GradMQError, match=r"all 2 trials of sweep-.* have failed"):
        gradmq.sweep({"data": IRIS, **WHAT, "dropout": 2.0}, method="grid", **here)
    (folder,) = here["runs"].glob("sweep-*")
    with pytest.raises(GradMQError, match="has a score"):
        _ = gradmq.Sweep(folder).best_run


def test_an_option_that_is_fixed_by_one_name_and_varies_by_another_is_written_once(here, main_here):
    what = {**WHAT, "eta": 0.5, "search": {"learning-rate": [0.01, 0.1]}, "sweep": {"method": "grid"}}
    found = gradmq.sweep({"data": IRIS, **what}, **here)
    text = (found.folder / "best.toml").read_text()
    assert "eta" not in text
    assert text.count("learning-rate") == 1
    assert main_here("train", "--config", str(found.folder / "best.toml"), "--workers", "0", "--runs", "best") == 0


@pytest.mark.parametrize("content", ["[" * 100_000, '{"data": [1e999]}', "[]", "null"])
def test_a_damaged_sweep_is_listed_beside_the_others(here, content):
    good, bad = (gradmq.sweep({"data": IRIS, **WHAT, "sweep": {"trials": 1}}, **here) for _ in range(2))
    (bad.folder / "sweep.json").write_text(content)
    assert {each.id: each.state for each in summaries(here["runs"])} == {
        good.folder.name: "finished",
        bad.folder.name: "damaged",
    }
