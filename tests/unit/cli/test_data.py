"""`gradmq data` and `gradmq convert`: what is in a data set."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.tables import write_flowers, write_prices


@pytest.fixture
def gradmq(main_here, capsys, tmp_path, monkeypatch):
    """Run `gradmq` in a folder with two tables; return the exit code and what it printed."""
    monkeypatch.chdir(tmp_path)
    write_flowers(Path("flowers.csv"))
    write_prices(Path("prices.csv"))

    def call(*arguments):
        code = main_here(*map(str, arguments))
        output = capsys.readouterr()
        return code, output.out + output.err

    return call


def test_columns_of_a_table_and_what_a_network_gets_of_them(gradmq):
    code, text = gradmq("data", "flowers.csv")
    assert code == 0
    assert text.splitlines()[0] == "flowers.csv: 120 rows, 4 columns"
    assert "give" not in text and "like --target NAME" in text.splitlines()[-1]
    code, text = gradmq("data", "flowers.csv", "--target", "species", "--test", 0.5)
    assert [line.split() for line in text.splitlines()[-4:]] == [
        ["part", "samples", "setosa", "versicolor", "virginica"],
        ["training", "48", "16", "16", "16"],
        ["validation", "12", "4", "4", "4"],
        ["test", "60", "20", "20", "20"],
    ]
    assert "4 inputs (numbers), 3 classes" in text
    assert gradmq("data", "prices.csv", "--target", "price")[1].count("to be predicted: price (mean ") == 1


def test_what_is_missing_is_counted_also_where_it_is_refused(gradmq):
    path = Path("flowers.csv")
    path.write_text(path.read_text().replace("1.5,", "NA,", 3))
    code, text = gradmq("data", "flowers.csv", "--target", "species")
    assert code == 2
    assert "petal length  numbers" in text and text.splitlines()[1].split()[-1] == "missing"
    assert text.splitlines()[2].split()[-1] == "3"
    assert text.splitlines()[-1].startswith("gradmq: flowers.csv, line ")


def test_images_are_bytes_of_a_size(gradmq, small_data):
    code, text = gradmq("data", small_data)
    assert code == 0
    assert text.startswith("196 inputs (bytes, images of 14 x 14 pixels), 10 classes\n")


@pytest.mark.parametrize("output", ["flowers.npz", "flowers"])
def test_what_was_converted_is_trained_to_the_same_bits(gradmq, output):
    train = ("train", "--workers", 0, "--epochs", 2, "--data")
    assert gradmq("convert", "flowers.csv", output, "--target", "species")[0] == 0
    ends = [
        gradmq(*train, *data)[1].split("weights_sha256 ")[1][:64]
        for data in (("flowers.csv", "--target", "species"), [output])
    ]
    assert ends[0] == ends[1]
    code, text = gradmq(*train, output, "--target", "species")
    assert code == 2
    assert "leave --target out" in text


def test_an_array_whose_labels_are_elsewhere(gradmq):
    np.save("x.npy", np.random.default_rng(0).normal(size=(50, 3)))
    np.save("y.npy", np.arange(50) % 2)
    assert gradmq("data", "x.npy", "--target", "y.npy")[1].splitlines()[0] == "3 inputs (numbers), 2 classes"
    code, text = gradmq("data", "x.npy")
    assert (code, text.count("\n")) == (2, 1)
    assert "give --target, a column's number or an .npy" in text
