"""What a user sees of what is chosen, with validation samples and without."""

import gzip
import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from coordinator.runs.run import RunFolder
from shared import load_data

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def gradmq(main_here, capsys, tmp_path, monkeypatch) -> Call:
    """Run `gradmq` in a folder of its own; return the exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str]:
        code = main_here(*map(str, arguments))
        output = capsys.readouterr()
        return code, output.out + output.err

    return call


@pytest.fixture(scope="module")
def unvalidated(small_data, tmp_path_factory) -> Path:
    """The same data without validation samples."""
    training, (images, labels), test = load_data(small_data)
    path = tmp_path_factory.mktemp("unvalidated") / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps((training, (images[:0], labels[:0]), test), 2), 1))
    return path


def job(data: Path, *options: object) -> list[object]:
    return ["train", "--data", data, "--workers", 0, "--sizes", "196,12,10", "--epochs", 3, *options]


def run_here() -> RunFolder:
    (folder,) = Path("runs").iterdir()
    return RunFolder.open(str(folder), Path())


def test_without_validation_samples_nothing_is_monitored_and_the_end_says_so(gradmq, unvalidated):
    code, text = gradmq(*job(unvalidated))
    assert code == 0, text
    run = run_here()
    assert run.config.monitor == "none"
    last = run.metrics[-1]
    assert f"last epoch 2 (nothing is monitored): test accuracy {last.correct}/200; last weights_sha256 " in text
    assert f"Epoch 2: accuracy is {last.correct}/200" in text  # it is the notebook's job all the same
    assert not run.best_model.exists()
    assert gradmq("verify", run.folder, "--data", unvalidated)[0] == 0
    code, text = gradmq("evaluate", run.folder, "--data", unvalidated)
    assert text == f"accuracy is {last.correct}/200 (model.npz)\n"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--monitor", "validation-accuracy"], "--monitor needs validation samples, and the data has none, got v"),
        (["--monitor", "validation-cost"], "--monitor needs validation samples, and the data has none, got v"),
        (["--early-stopping", 3], "--early-stopping needs validation samples, and the data has none, got 3; give --mo"),
    ],
)
def test_what_needs_validation_samples_is_refused_in_a_line(gradmq, unvalidated, options, line):
    code, text = gradmq(*job(unvalidated, *options))
    assert code == 2
    assert text.startswith(f"gradmq: {line}")
    assert text.count("\n") == 1
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--early-stopping", -1], "--early-stopping must be 0 or more epochs, got -1"),
        (["--early-stopping", 3, "--monitor", "none"], "--early-stopping needs a figure by which epochs are compared"),
    ],
)
def test_options_that_do_not_go_together_are_refused_in_a_line(gradmq, small_data, options, line):
    code, text = gradmq(*job(small_data, *options))
    assert code == 2
    assert text.startswith(f"gradmq: {line}")
    assert text.count("\n") == 1


def test_the_best_epoch_is_the_validation_samples_and_its_model_is_kept(gradmq, small_data):
    code, text = gradmq(*job(small_data, "--monitor", "validation-cost"))
    assert code == 0, text
    run = run_here()
    best = min(run.metrics, key=lambda metrics: metrics.validation_cost)
    assert f"best epoch {best.epoch} by validation cost (" in text
    assert f"): test accuracy {best.correct}/200; last weights_sha256 {run.metrics[-1].weights_sha256}\n" in text
    assert f"Epoch 0: validation {run.metrics[0].validation_correct}/200, cost " in text
    kept = run.saved_best()
    assert kept is not None
    assert kept.parameters.sha256 == best.weights_sha256
    expected = f"accuracy is {best.correct}/200"
    assert gradmq("evaluate", run.best_model, "--data", small_data)[1] == f"{expected}\n"
    assert gradmq("evaluate", run.folder, "--data", small_data)[1] == f"{expected} (best.npz)\n"
    shown = gradmq("show", run.folder)[1].replace("best, last", "best  last")
    for metrics, name in ((best, "best"), (run.metrics[2], "last")):
        assert re.search(rf"(?m)^ +{metrics.epoch} .*{name} .*{metrics.validation_correct}/200 ", shown), shown


def test_other_validation_samples_are_other_data(gradmq, small_data, unvalidated):
    code, text = gradmq(*job(small_data))
    assert code == 0, text
    code, text = gradmq("verify", run_here().folder, "--data", unvalidated)
    assert code == 2
    assert "was trained on other samples" in text


@pytest.mark.parametrize("figure", ['"0.5"', "[]", "true"])
def test_a_figure_that_is_no_number_is_a_damaged_line(gradmq, small_data, figure):
    assert gradmq(*job(small_data))[0] == 0
    run = run_here()
    lines = [json.loads(line) for line in run.metrics_file.read_text().splitlines()]
    lines[1]["validation_accuracy"] = json.loads(figure)
    run.metrics_file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run_here().damaged_line == 2
