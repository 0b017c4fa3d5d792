"""`train --from`: a run that begins with a model's weights; and `average`, which makes one model of several."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from coordinator.runs.model_file import load_model, save_model
from shared.model import SavedModel
from shared.nn.parameters import Parameters
from tests.support.learning import drawn

SIZES = (196, 7, 10)


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def model(tmp_path) -> Path:
    """A model of exact arithmetic."""
    save_model(tmp_path / "model.npz", SavedModel(drawn(SIZES, 5, "float64"), arithmetic="exact"))
    return tmp_path / "model.npz"


@pytest.fixture
def train(main_here, small_data, capsys) -> Callable[..., int]:
    def run(*options: object, epochs: int = 1) -> int:
        job = ["train", "--workers", 0, "--data", small_data, "--epochs", epochs]
        return main_here(*map(str, [*job, *options]))

    return run


def newest() -> Path:
    return max(Path("runs").iterdir(), key=lambda folder: (folder / "config.json").stat().st_mtime_ns)


def config(run: Path) -> dict:
    return json.loads((run / "config.json").read_text())


def fingerprint(run: Path) -> str:
    return json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])["weights_sha256"]


def line_of(capsys) -> str:
    output = capsys.readouterr()
    assert output.err.count("\n") == 1, output
    return output.err.removeprefix("gradmq: ").strip()


def test_a_run_takes_the_models_layers_and_keeps_its_weights(train, model, capsys):
    assert train("--from", model) == 0
    run, parameters = newest(), load_model(model).parameters
    assert config(run)["sizes"] == list(SIZES)
    assert config(run)["start"] == parameters.sha256
    assert load_model(run / "initial.npz").parameters.sha256 == parameters.sha256
    assert f"beginning with weights {parameters.sha256[:12]}" in capsys.readouterr().out


@pytest.mark.parametrize("by", ["folder", "id", "file"])
def test_a_run_can_be_begun_with_another_runs_weights_by_any_of_its_names(train, by):
    assert train("--hidden", 6) == 0
    first = newest()
    name = {"folder": first, "id": first.name, "file": first / "model.npz"}[by]
    assert train("--from", name) == 0
    assert config(newest())["start"] == fingerprint(first)
    assert fingerprint(newest()) != fingerprint(first)


def test_two_runs_of_an_epoch_differ_from_one_of_two_only_in_the_order_of_samples(train):
    """The same steps from the same weights: so the first epoch's order again, and not the second's."""
    assert train("--hidden", 6) == 0
    assert train("--from", newest()) == 0
    in_two = fingerprint(newest())
    assert train("--hidden", 6, epochs=2) == 0
    assert fingerprint(newest()) != in_two


def test_its_weights_do_not_depend_on_the_seed_and_its_order_does(train, model):
    found = set()
    for seed in (1, 2):
        assert train("--from", model, "--seed", seed) == 0
        assert config(newest())["start"] == load_model(model).parameters.sha256
        found.add(fingerprint(newest()))
    assert len(found) == 2


@pytest.mark.parametrize(("ours", "its"), [("native", "float64"), ("exact", "float32")])
def test_weights_of_another_type_are_converted(train, tmp_path, ours, its):
    save_model(tmp_path / "other.npz", SavedModel(drawn(SIZES, 5, its)))
    assert train("--from", tmp_path / "other.npz", "--arithmetic", ours) == 0
    assert config(newest())["dtype"] == {"native": "float32", "exact": "float64"}[ours]
    assert config(newest())["start"] == drawn(SIZES, 5, its).sha256


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--hidden", "8"], "--sizes must be 196,7,10, as in the model to begin with, got 196,8,10; leave --sizes and"),
        (["--sizes", "196,7,7,10"], "--sizes must be 196,7,10, as in the model to begin with, got 196,7,7,10"),
        (["--from", "nowhere.npz"], "nowhere.npz cannot be read: No such file or directory; give the model.npz of"),
    ],
)
def test_what_is_not_the_models_is_refused(train, model, capsys, options, line):
    assert train("--from", model, *options) == 2
    assert line_of(capsys).startswith(line)
    assert not Path("runs").exists()


def test_a_model_of_other_data_is_refused(train, tmp_path, capsys):
    save_model(tmp_path / "other.npz", SavedModel(drawn((5, 3, 2))))
    assert train("--from", tmp_path / "other.npz") == 2
    assert line_of(capsys).startswith("--sizes must begin with 196, the number of inputs in the data, got 5,3,2")


def test_weights_beyond_the_runs_dtype_are_refused(train, tmp_path, capsys):
    parameters = drawn(SIZES, 5, "float64")
    parameters.flat[3] = 1e200
    save_model(tmp_path / "other.npz", SavedModel(parameters))
    assert train("--from", tmp_path / "other.npz", "--arithmetic", "native") == 2
    assert line_of(capsys) == "a weight of the model is too large for float32; give --dtype float64"


def test_a_run_that_began_with_weights_can_be_trained_again(train, model):
    assert train("--from", model, "--seed", 3) == 0
    first = newest()
    model.unlink()
    assert train("--config", first) == 0
    assert newest() != first
    assert fingerprint(newest()) == fingerprint(first)


def averaged(*models: object) -> list[str]:
    return ["average", *map(str, models), "--output", "mean.npz"]


def test_the_average_of_models_is_a_model(main_here, train, model, tmp_path, small_data, capsys):
    other = tmp_path / "other.npz"
    save_model(other, SavedModel(drawn(SIZES, 6, "float64"), arithmetic="exact"))
    assert main_here(*averaged(model, other)) == 0
    mean = load_model(Path("mean.npz"))
    np.testing.assert_array_equal(
        mean.parameters.flat, (drawn(SIZES, 5, "float64").flat + drawn(SIZES, 6, "float64").flat) / 2
    )
    assert capsys.readouterr().out == f"weights_sha256 {mean.parameters.sha256}\nmodel: mean.npz\n"
    assert main_here(*averaged(other, model)) == 0
    assert load_model(Path("mean.npz")).parameters.sha256 == mean.parameters.sha256
    assert main_here("evaluate", "mean.npz", "--data", str(small_data)) == 0


def test_runs_can_be_averaged_by_their_names(main_here, train):
    assert train("--hidden", 6) == 0
    run = newest()
    assert main_here(*averaged(run, run.name, run / "model.npz", run)) == 0
    assert load_model(Path("mean.npz")).parameters.sha256 == fingerprint(run)


@pytest.mark.parametrize(
    ("other", "line"),
    [
        (
            SavedModel(drawn((196, 8, 10), 5, "float64"), arithmetic="exact"),
            "its sizes is (196, 8, 10), not (196, 7, 10)",
        ),
        (SavedModel(drawn(SIZES, 5, "float64")), "its arithmetic is native, not exact"),
        (SavedModel(drawn(SIZES, 5)), "its dtype is float32, not float64"),
    ],
)
def test_models_of_different_networks_have_no_average(main_here, model, tmp_path, capsys, other, line):
    save_model(tmp_path / "other.npz", other)
    assert main_here(*averaged(model, tmp_path / "other.npz")) == 2
    assert line_of(capsys) == f"{tmp_path}/other.npz is not of the network of {model}: {line}; give one that is"
    assert not Path("mean.npz").exists()


def test_one_model_has_none_either(main_here, model, capsys):
    assert main_here(*averaged(model)) == 2
    assert line_of(capsys) == "a mean is of two models at least; give more"


def test_weights_whose_sum_is_too_large_are_no_trouble_to_name(main_here, tmp_path, capsys):
    huge = Parameters(SIZES, "float64")
    huge.flat[:] = 1.7e308
    save_model(tmp_path / "huge.npz", SavedModel(huge))
    assert main_here(*averaged(tmp_path / "huge.npz", tmp_path / "huge.npz")) == 2
    assert line_of(capsys) == "the sum of these weights is too large for float64; give models that are trained"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--task", "numbers"), "--task must be classes, as in the model to begin with, got numbers; leave it out"),
        (("--scale", "columns"), "--scale must be none, as in the model to begin with, got columns; leave it out"),
        (
            ("--impute", "mean"),
            "--impute has no place in the encoding of the model to begin with, got mean; leave it out",
        ),
    ],
)
def test_options_that_the_models_encoding_contradicts_are_refused(train, model, capsys, options, line):
    assert train("--from", model, *options) == 2
    assert line_of(capsys) == line
