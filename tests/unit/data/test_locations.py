"""Samples know where in their file or folder they were found, however they were divided."""

import numpy as np
import pytest
from PIL import Image

from shared.data.dataset import Dataset, load_dataset
from shared.data.folds import Fold
from shared.data.in_memory import dataset_of
from shared.data.options import DataOptions
from shared.data.parts import Part

N = 60


@pytest.fixture
def table(tmp_path):
    """A table whose rows say in which line they are; one of the lines is empty."""
    path = tmp_path / "table.csv"
    lines = [f"{line},{'ab'[line % 2]}" if line != 7 else "" for line in range(2, N + 2)]
    path.write_text("\n".join(["line,class", *lines]) + "\n")
    return path


def said_lines(data: Dataset, part: Part) -> list[int]:
    """The inputs of a part, as they were: of deviations from the mean the network gets an eighth."""
    (column,) = data.encoding.columns
    return [round(8 * float(x) * column.deviation + column.mean) for x in data.part(part).values[:, 0]]


@pytest.mark.parametrize("options", [DataOptions(target=("class",)), DataOptions(target=("class",), fold=Fold(2, 3))])
def test_samples_of_a_table_know_their_lines(table, options):
    data = load_dataset(table, options, seed=3)
    for part in Part:
        locations = data.part(part).locations
        assert (locations.source, locations.unit) == (str(table), "line")
        assert locations.names.tolist() == said_lines(data, part)
    assert data.test.locations.of(0) == f"{table}, line {said_lines(data, Part.TEST)[0]}"
    assert data.first(5).training.locations.names.tolist() == said_lines(data, Part.TRAINING)[:5]


def test_those_of_a_file_of_their_own_know_the_lines_of_that(table, tmp_path):
    test = tmp_path / "test.csv"
    test.write_text("line,class\n2,a\n3,b\n")
    data = load_dataset(table, DataOptions(target=("class",), test=test))
    assert [data.test.locations.of(row) for row in range(2)] == [f"{test}, line 2", f"{test}, line 3"]


def test_those_of_arrays_know_their_rows(tmp_path):
    path, x = tmp_path / "x.npz", np.arange(2 * N, dtype=np.uint8).reshape(N, 2)
    np.savez(path, x=x, y=np.arange(N) % 2)
    data = load_dataset(path)
    assert data.test.locations.of(1) == f"{path}, row {data.test.values[1, 0] // 2}"
    np.savez(path, x_train=x, y_train=np.arange(N) % 2, x_test=x[:4], y_test=np.arange(4) % 2)
    assert load_dataset(path).test.locations.of(3) == f"{path}, test samples, row 3"
    assert dataset_of(x, np.arange(N) % 2, test=0.2).test.locations.of(0).startswith("the data, row ")


def test_images_know_their_files(tmp_path):
    for part, shade in (("train", 10), ("test", 200)):
        for name in ("cats", "dogs"):
            (tmp_path / part / name).mkdir(parents=True)
            for number in range(2):
                image = np.full((2, 2), shade + 10 * (name == "dogs") + number, np.uint8)
                Image.fromarray(image).save(tmp_path / part / name / f"{number}.png")
    data = load_dataset(tmp_path, DataOptions(validation=0.25))
    names = {int(image[0]): data.test.locations.of(row) for row, image in enumerate(data.test.images)}
    assert names[211] == str(tmp_path / "test" / "dogs" / "1.png")
    names = {int(image[0]): data.validation.locations.of(row) for row, image in enumerate(data.validation.images)}
    assert (
        names.items()
        <= {
            10 + 10 * (name == "dogs") + number: str(tmp_path / "train" / name / f"{number}.png")
            for name in ("cats", "dogs")
            for number in range(2)
        }.items()
    )


def test_digits_have_numbers_alone(small_data):
    assert load_dataset(small_data).test.locations is None
