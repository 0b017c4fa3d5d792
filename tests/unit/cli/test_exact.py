"""What exact arithmetic cannot take ends with one line and exit code 2; and what becomes of weights that grow."""

import gzip
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from coordinator.runs.model_file import save_model
from shared import load_data
from shared.model import SavedModel
from tests.support.learning import drawn


def pickled(path: Path, data: Path, factor: float = 1.0, part: int | None = None) -> Path:
    """The notebook's pickle of a data set, its images times a factor: of all parts, or of one."""
    parts = [
        (images * np.float32(factor if part in (None, number) else 1.0), labels)
        for number, (images, labels) in enumerate(load_data(data))
    ]
    path.write_bytes(gzip.compress(pickle.dumps(tuple(parts), 2), 1))
    return path


@pytest.fixture
def train(main_here, small_data, tmp_path, monkeypatch):
    """Train in this process, in a folder of its own; return the exit code."""
    monkeypatch.chdir(tmp_path)

    def run(*options: object, data: Path = small_data) -> int:
        job = ["train", "--sizes", "196,12,10", "--epochs", 2, "--workers", 0, "--data", data]
        return main_here(*map(str, [*job, *options]))

    return run


def line_of(capsys) -> str:
    """The one line that was printed as an error."""
    output = capsys.readouterr()
    assert output.err.count("\n") == 1, output
    return output.err


def fingerprint(folder: Path) -> str:
    (path,) = folder.glob("runs/*/metrics.jsonl")
    return json.loads(path.read_text().splitlines()[-1])["weights_sha256"]


@pytest.mark.parametrize("part", [None, 0, 1, 2], ids=["all", "training", "validation", "test"])
def test_inputs_beyond_1_are_refused_before_a_run_begins(train, small_data, tmp_path, capsys, part):
    data = pickled(tmp_path / "mnist.pkl.gz", small_data, 255, part)
    assert train(data=data) == 2
    assert line_of(capsys).startswith(
        "gradmq: inputs must be between -1 and 1 in exact arithmetic, got 0 to 255; scale them, or train with "
        "--arithmetic native"
    )
    assert not (tmp_path / "runs").exists()


def test_inputs_below_minus_1_are_too(train, small_data, tmp_path, capsys):
    assert train(data=pickled(tmp_path / "mnist.pkl.gz", small_data, -2)) == 2
    assert "got -2 to 0;" in line_of(capsys)


def test_native_arithmetic_takes_them(train, small_data, tmp_path):
    assert train("--arithmetic", "native", data=pickled(tmp_path / "mnist.pkl.gz", small_data, -2)) == 0


def test_floats_between_minus_1_and_1_are_learned_from_and_images_have_the_bits_of_their_bytes(
    train, small_data, tmp_path, monkeypatch
):
    found = []
    for data in (small_data, pickled(tmp_path / "same.pkl.gz", small_data), pickled(tmp_path / "-", small_data, -1)):
        folder = tmp_path / f"of {data.name}"
        folder.mkdir()
        monkeypatch.chdir(folder)
        assert train(data=data) == 0
        found.append(fingerprint(folder))
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("arithmetic", ["exact", "native"])
def test_a_model_is_evaluated_on_inputs_that_its_arithmetic_takes(main_here, small_data, tmp_path, capsys, arithmetic):
    model, large = tmp_path / "model.npz", pickled(tmp_path / "mnist.pkl.gz", small_data, 2)
    save_model(model, SavedModel(drawn((196, 12, 10), dtype="float64"), arithmetic=arithmetic))
    assert main_here("evaluate", str(model), "--data", str(small_data)) == 0
    assert "accuracy is" in capsys.readouterr().out
    code = main_here("evaluate", str(model), "--data", str(large))
    if arithmetic == "native":
        assert code == 0
    else:
        assert code == 2
        assert "inputs must be between -1 and 1 in exact arithmetic, got 0 to 2; scale them" in line_of(capsys)


@pytest.mark.parametrize("rate", ["1e14", "1e300"])
def test_weights_that_grow_too_large_end_a_run_with_one_line(train, tmp_path, capsys, rate):
    assert train("--eta", rate) == 2
    error = line_of(capsys)
    assert error.startswith("gradmq: a weight has grown to ")
    assert "give a smaller learning rate" in error


def test_a_large_learning_rate_that_is_not_too_large_is_no_trouble(train, tmp_path):
    """Neurons are saturated and nothing is learned, but all sums are exact."""
    assert train("--eta", "1e6") == 0
