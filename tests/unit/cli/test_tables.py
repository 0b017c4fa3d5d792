"""One's own table, from the file to a model: what a user types, and sees."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from coordinator.runs.lookup import find_model
from coordinator.runs.run import RunFolder
from tests.support.tables import FLOWERS, write_flowers, write_prices

Call = Callable[..., tuple[int, str]]
TRAIN = ("train", "--workers", 0, "--data")
FLOWER = (*TRAIN, "flowers.csv", "--target", "species")


@pytest.fixture
def gradmq(main_here, capsys, tmp_path, monkeypatch) -> Call:
    """Run `gradmq` in a folder with two tables; return the exit code and what it printed."""
    monkeypatch.chdir(tmp_path)
    write_flowers(Path("flowers.csv"))
    write_prices(Path("prices.csv"))

    def call(*arguments: object) -> tuple[int, str]:
        code = main_here(*map(str, arguments))
        output = capsys.readouterr()
        return code, output.out + output.err

    return call


def newest() -> RunFolder:
    return RunFolder.open(str(max(Path("runs").iterdir(), key=lambda path: path.stat().st_mtime_ns)), Path())


def test_a_table_is_learned_with_the_defaults_and_all_commands_read_it_alike(gradmq):
    code, text = gradmq(*FLOWER)
    assert code == 0, text
    assert "for such data, where not given: --activation relu --output softmax" in text
    run = newest()
    assert run.metrics[-1].accuracy > 0.95
    model = find_model(run.folder)
    assert model.encoding == run.encoding
    assert model.encoding.classes == FLOWERS
    assert [column.name for column in model.encoding.columns] == ["petal length", "petal width", "colour"]
    assert gradmq("verify", run.folder)[1].endswith("are identical, to the last bit\n")
    best = run.metrics[run.history.index(max(run.history))]
    on = f"on {Path('flowers.csv').absolute()}"
    assert gradmq("evaluate", run.folder) == (0, f"accuracy is {best.correct}/24 (best.npz), {on}\n")
    assert gradmq("evaluate", run.best_model) == (0, f"accuracy is {best.correct}/24, {on}\n")
    code, text = gradmq("evaluate", run.best_model, "--data", "flowers.csv")
    assert re.fullmatch(r"accuracy is 1[12]\d/120\n", text), text
    code, text = gradmq("train", "--workers", 0, "--config", run.folder)
    assert newest().metrics[-1].weights_sha256 == run.metrics[-1].weights_sha256
    assert gradmq("resume", run.folder, "--workers", 0, "--epochs", 31)[0] == 0


def test_numbers_are_predicted_and_told_by_r2(gradmq):
    code, text = gradmq(*TRAIN, "prices.csv", "--target", "price")
    assert code == 0, text
    run = newest()
    last = run.metrics[-1]
    assert (last.accuracy, last.validation_accuracy, last.training_accuracy) == (None, None, None)
    assert last.r2 > 0.97
    assert f"Epoch 29: validation R² {last.validation_r2:.4f}, cost " in text
    assert ": test R² 0.9" in text
    assert gradmq("verify", run.folder)[0] == 0
    assert gradmq("evaluate", run.folder)[1].startswith("R² 0.9")
    model = find_model(run.folder)
    table = {"rooms": [3.0], "age": [10.0]}
    x = model.mlp().inputs.convert(model.encoding.inputs(table)).T
    answer = model.encoding.answers(model.mlp().forward(model.mlp().rounded(model.parameters), x)[-1].T)
    assert answer[0] == pytest.approx(40_000 * 3 - 500 * 10 + 20_000, rel=0.1)


def test_options_and_seed_decide_the_samples_and_are_kept(gradmq):
    given = ("--test", 0.3, "--validation", 0.2, "--no-stratify", "--ignore", "colour", "--epochs", 1)
    for seed in (1, 2):
        assert gradmq(*FLOWER, *given, "--seed", seed)[0] == 0
    one, other = (RunFolder.open(str(folder), Path()) for folder in Path("runs").iterdir())
    assert one.data["test_sha256"] != other.data["test_sha256"]
    options = json.loads((one.folder / "config.json").read_text())["data"]["options"]
    assert options == {
        "target": ["species"],
        "ignore": ["colour"],
        "test": 0.3,
        "validation": 0.2,
        "stratify": False,
    }
    assert (one.metrics[-1].n_test, one.metrics[-1].n_validation) == (36, 24)


def test_tests_may_be_in_a_file_of_their_own(gradmq):
    lines = Path("flowers.csv").read_text().splitlines()
    swapped = [",".join(line.split(",")[::-1]) for line in lines[:31]]
    Path("test.csv").write_text("\n".join(swapped))
    assert gradmq(*FLOWER, "--test", "test.csv", "--validation", 0, "--epochs", 30)[0] == 0
    run = newest()
    assert (run.metrics[-1].n_test, run.metrics[-1].n_validation, run.config.monitor) == (30, 0, "none")
    assert run.metrics[-1].accuracy > 0.95  # columns are found by their names
    assert gradmq("verify", run.folder)[0] == 0


def test_missing_values_are_refused_or_imputed(gradmq):
    path = Path("flowers.csv")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "," + lines[1].split(",", 1)[1], *lines[2:]]))
    code, text = gradmq(*FLOWER)
    assert (code, text.count("\n")) == (2, 1)
    assert "flowers.csv, line 2, column petal length: the value is missing; fill it in, leave out the row, or" in text
    assert gradmq(*FLOWER, "--impute", "median", "--epochs", 2)[0] == 0
    assert gradmq("verify", newest().folder)[0] == 0


def test_a_model_goes_on_with_other_samples_by_its_own_encoding(gradmq):
    assert gradmq(*FLOWER, "--epochs", 20)[0] == 0
    first = newest()
    write_flowers(Path("flowers.csv"), count=60)
    code, text = gradmq(*FLOWER, "--from", first.folder, "--epochs", 1)
    assert code == 0, text
    assert newest().encoding == first.encoding
    assert newest().config.sizes == first.config.sizes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*TRAIN, "flowers.csv"), "say which column is to be predicted, like --target NAME; it has petal length,"),
        ((*TRAIN, "flowers.csv", "--target", "spezies"), "flowers.csv has no column 'spezies'; it has petal length"),
        ((*FLOWER, "--ignore", "name"), "flowers.csv has no column 'name'"),
        ((*FLOWER, "--test", "no.csv"), "no.csv cannot be read: No such file or directory"),
        ((*FLOWER, "--test", 1.5), "--test must be a share from 0 to below 1"),
        ((*FLOWER, "--test", 0.95), "--validation leaves nothing to learn from"),
        ((*FLOWER, "--test", "picture.jpg"), "picture.jpg is no table that can be read; give a file that ends in .csv"),
        ((*FLOWER, "--task", "numbers"), "what is to be predicted is text; give --task classes"),
        ((*FLOWER, "--output", "linear", "--loss", "huber", "--monitor", "x"), "'x' is not one of"),
        ((*TRAIN, "prices.csv", "--target", "price", "--stratify"), "--stratify goes with classes"),
        ((*TRAIN, "prices.csv", "--target", "price", "--class-weights", 2), "--class-weights needs classes"),
        ((*TRAIN, "prices.csv", "--target", "price", "--class-weights", "balanced"), "have targets, and no classes"),
        ((*TRAIN, "prices.csv", "--target", "price", "--output", "softmax"), "--output needs one class a sample"),
        ((*TRAIN, "prices.csv", "--target", "price", "--monitor", "validation-accuracy"), "give validation-cost"),
        ((*TRAIN, "prices.csv", "--target", "price", "--output", "sigmoid"), "wanted outputs must be between 0 and 1"),
        ((*TRAIN, "prices.csv", "--target", "price", "--augment", "shift"), "--augment needs images"),
        (
            ("train", "--workers", 0, "--target", "species"),
            "is a folder of IDX files, for which --target has no meaning",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_a_line(gradmq, arguments, message):
    code, text = gradmq(*arguments)
    assert code == 2
    assert message in text
    assert text.count("\n") == 1
    assert not Path("runs").exists()


def test_labels_that_go_together_are_learned_together(gradmq):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    lines = [f"{a:.3f},{b:.3f},{int(a > 0)},{int(a + b > 0)}" for a, b in x]
    Path("labels.csv").write_text("\n".join(["a,b,warm,wet", *lines]))
    code, text = gradmq(*TRAIN, "labels.csv", "--target", "warm,wet")
    assert code == 0, text
    run = newest()
    assert (run.config.output, run.config.loss) == ("sigmoid", "cross-entropy")
    assert (run.metrics[-1].r2, run.metrics[-1].accuracy) == (None, None)
    assert run.metrics[-1].cost < 0.5 * run.metrics[0].cost
