"""`gradmq predict` on what people have: arrays, tables, pictures, and mistakes."""

import csv

import numpy as np
import pytest
from PIL import Image

from coordinator.runs.model_file import save_model
from shared.data.columns import STANDARDIZE, Categorical, Numeric
from shared.data.encoding import Encoding, Target
from shared.model import SavedModel
from shared.nn.parameters import Parameters
from tests.support.mnist import MNIST
from tests.support.predictions import IMAGES, answers, model
from tests.unit.cli.test_show import read_png

DIGITS = model("exact", "relu", "softmax", (0.1307, 0.3081))
COLUMNS = (Numeric("length", 5.0, 2.0, 5.0), Categorical("colour", ("blue", "red")))


def of_tables(**encoding) -> SavedModel:
    """A network for a table of a number and a colour."""
    n_outputs = len(encoding.get("classes", encoding.get("targets")))
    parameters = Parameters((3, 4, n_outputs), "float64")
    parameters.flat[...] = np.random.default_rng(3).normal(0, 1, len(parameters.flat))
    output = "softmax" if "classes" in encoding else "linear"
    kept = Encoding(COLUMNS, target=("what",), **encoding)
    return SavedModel(parameters, "tanh", output, "quadratic", STANDARDIZE, "exact", kept)


@pytest.fixture
def predict(main_here, tmp_path, monkeypatch, capsys):
    """Run it in an empty folder with a model; return the exit code and what was printed."""
    monkeypatch.chdir(tmp_path)

    def run(used: SavedModel, *arguments: object) -> tuple[int, str]:
        save_model(tmp_path / "model.npz", used)
        code = main_here("predict", "model.npz", *map(str, arguments))
        output = capsys.readouterr()
        return code, output.out + output.err

    return run


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines()))


def test_arrays_are_answered_in_order_with_the_bits_of_the_network(predict, tmp_path):
    np.save("x.npy", IMAGES[:2500])
    np.savez("x.npz", x=(IMAGES[:2500] / np.float32(255)), y=np.zeros(3))
    ours = answers(DIGITS, IMAGES[:2500])
    for name in ("x.npy", "x.npz"):
        assert predict(DIGITS, name, "--probabilities", "-o", "out.csv") == (0, "out.csv: 2500 predictions\n")
        header, *found = rows((tmp_path / "out.csv").read_text())
        assert header == ["prediction", *map(str, range(10))]
        assert [int(row[0]) for row in found] == ours.labels.tolist()
        assert np.array_equal(np.array([row[1:] for row in found], float), ours.outputs)


def test_an_idx_file_of_images_is_an_array_too(predict):
    code, text = predict(DIGITS, MNIST / "t10k-images-idx3-ubyte.gz")
    assert code == 0
    assert [int(row[0]) for row in rows(text)[1:]] == answers(DIGITS, IMAGES).labels.tolist()


def test_a_table_is_answered_by_the_names_of_classes(predict, tmp_path):
    used = of_tables(classes=("setosa", "virginica"))
    (tmp_path / "new.csv").write_text("colour,length,what\nred,4.5,\nblue,,setosa\nred,9,x\n")
    code, text = predict(used, "new.csv", "--probabilities")
    assert code == 0
    header, *found = rows(text)
    assert header == ["prediction", "setosa", "virginica"]
    ours = answers(used, used.inputs({"length": [4.5, 5.0, 9.0], "colour": ["red", "blue", "red"]}))
    assert [row[0] for row in found] == [("setosa", "virginica")[label] for label in ours.labels]
    assert np.array_equal(np.array([row[1:] for row in found], float), ours.outputs)


def test_numbers_are_predicted_in_their_own_units(predict, tmp_path):
    used = of_tables(targets=(Target("price", 200.0, 50.0), Target("age", 3.0, 2.0)))
    (tmp_path / "new.csv").write_text("length,colour\n4.5,red\n6,blue\n")
    code, text = predict(used, "new.csv", "--probabilities")
    assert code == 0
    header, *found = rows(text)
    assert header == ["price", "age"]
    ours = answers(used, used.inputs({"length": [4.5, 6.0], "colour": ["red", "blue"]}))
    assert np.array_equal(np.array(found, float), ours.outputs * [50.0, 2.0] + [200.0, 3.0])


def test_pictures_are_named_and_what_the_network_saw_can_be_seen(predict, tmp_path):
    for number in range(12):
        Image.fromarray(255 - IMAGES[number].reshape(28, 28)).save(tmp_path / f"{number:02d}.png")
    code, text = predict(DIGITS, ".", "--show", "seen.png")
    assert code == 0
    ours = answers(DIGITS, IMAGES[:12])
    assert rows(text) == [["file", "prediction"]] + [[f"{n:02d}.png", str(ours.labels[n])] for n in range(12)]
    picture = read_png(tmp_path / "seen.png")
    assert picture.shape == (2 * 116 + 4, 10 * 116 + 4)
    assert np.array_equal(picture[4 : 4 + 112 : 4, 4 : 4 + 112 : 4], IMAGES[0].reshape(28, 28))
    assert np.array_equal(picture[120 : 120 + 112 : 4, 120 : 120 + 112 : 4], IMAGES[11].reshape(28, 28))


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("nowhere.csv", None, "nowhere.csv cannot be read: there is no such file"),
        ("x.doc", b"", "x.doc has none of the endings .csv"),
        ("x.npy", b"no array", "x.npy is not an .npy that can be read"),
        ("x.csv", b"length,hue\n1,red\n", "x.csv has no column 'colour'"),
        (
            "x.csv",
            b"length,colour\n1,red\n2,green\n",
            "x.csv, line 3, column colour: 'green' is none of the categories",
        ),
        ("x.csv", b"length,colour\nlong,red\n", "x.csv, line 2, column length: 'long' is no number"),
        ("x.png", b"", "x.png is of pictures, and the model knows samples of 3 numbers"),
    ],
)
def test_what_cannot_be_answered_ends_with_one_line_and_no_file(predict, tmp_path, name, content, named):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    code, printed = predict(of_tables(classes=("a", "b")), name, "-o", "out.csv")
    assert (code, printed.count("\n")) == (2, 1)
    assert named in printed
    assert not (tmp_path / "out.csv").exists()
    assert predict(of_tables(classes=("a", "b")), name) == (code, printed), "not even the names of columns"


def test_an_array_of_another_width_or_range_is_refused(predict, tmp_path):
    np.save("x.npy", np.zeros((5, 3)))
    assert "samples have 3 inputs where 784 are expected" in predict(DIGITS, "x.npy")[1]
    x = np.zeros((1500, 784))
    x[1200, 3] = 7.0
    np.save("x.npy", x)
    code, printed = predict(DIGITS, "x.npy", "-o", "out.csv")
    assert code == 2
    assert "from row 1000 on: inputs must be between -1 and 1 in exact arithmetic" in printed
    assert not (tmp_path / "out.csv").exists()


def test_show_goes_with_pictures(predict):
    np.save("x.npy", IMAGES[:2])
    assert predict(DIGITS, "x.npy", "--show", "seen.png") == (2, "gradmq: --show goes with pictures; leave it out\n")
