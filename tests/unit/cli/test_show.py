"""`gradmq show --augment`: a picture of what a network sees."""

import gzip
import json
import pickle
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coordinator.reporting.deformed import EPOCHS
from coordinator.reporting.png import write_png
from coordinator.runs.run import RunFolder
from shared import load_data
from shared.data.augment.deformation import Deformer
from shared.data.augment.options import Augmentation
from shared.data.dataset import load_dataset
from shared.data.sampler import epoch_order
from tests.support.learning import CONFIG

OPTIONS = Augmentation(elastic=2, rotate=9)


def read_png(path: Path) -> np.ndarray:
    """Grey, 8 bits, not filtered; the checksums are right."""
    content, chunks = path.read_bytes(), {}
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    place = 8
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place)
        kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        assert struct.unpack_from(">I", content, place + 8 + length) == (zlib.crc32(kind + data),)
        chunks[kind] = data
        place += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, *form = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert form == [8, 0, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    return rows[:, 1:]


def tile(picture: np.ndarray, row: int, column: int) -> np.ndarray:
    """One image of the picture, of 14 x 14 pixels, which are shown four times as large."""
    top, left = 4 + row * 60, 4 + column * 60 + 8 * (column > 0)
    return picture[top : top + 56 : 4, left : left + 56 : 4]


@pytest.fixture
def show(main_here, small_data, tmp_path, monkeypatch, capsys):
    """Run it in an empty folder; return the exit code and what was printed."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str]:
        code = main_here("show", *map(str, arguments))
        output = capsys.readouterr()
        return code, output.out + output.err

    return run


@pytest.fixture
def run(small_data, tmp_path):
    """A run that deforms its samples, before its first epoch."""
    config = replace(CONFIG, sizes=(196, 12, 10), seed=3, augment=OPTIONS, image_shape=(14, 14))
    return RunFolder.create(tmp_path / "runs", config, small_data, load_dataset(small_data))


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (100, 257)])
def test_a_picture_has_the_pixels_that_were_drawn(tmp_path, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    write_png(tmp_path / "picture.png", pixels)
    assert np.array_equal(read_png(tmp_path / "picture.png"), pixels)


def test_a_run_shows_what_its_epochs_see(show, run, small_data, tmp_path):
    assert show(run.folder, "--augment", 3) == (
        0,
        f"augmented.png: 3 samples, and what epochs 0 to {EPOCHS - 1} see of them (elastic=2,rotate=9)\n",
    )
    picture = read_png(tmp_path / "augmented.png")
    assert picture.shape == (3 * 60 + 4, (1 + EPOCHS) * 60 + 12)
    images = load_dataset(small_data).training.images
    for row in range(3):
        assert np.array_equal(tile(picture, row, 0), images[row].reshape(14, 14))
    order = epoch_order(3, 4, len(images))
    seen = Deformer(OPTIONS, 14, 14).apply(images[order], 3, 4, 0)
    for row in range(3):
        expected = np.rint(255 * seen[order == row]).reshape(14, 14)
        assert np.array_equal(tile(picture, row, 1 + 4), expected)


def test_other_deformations_can_be_tried_on_a_run(show, run):
    code, printed = show(run.folder, "--augment", 1, "--augmentation", "shift=2", "--output", "other.png")
    assert (code, printed.split()[0], printed.split()[-1]) == (0, "other.png:", "(shift=2)")


def test_no_run_is_needed_to_see_deformations(show, small_data, tmp_path):
    code, printed = show("--augment", 2, "--data", small_data)
    assert (code, printed) == (
        0,
        f"augmented.png: 2 samples, and what epochs 0 to {EPOCHS - 1} see of them "
        "(elastic=3.6,rotate=9,scale=0.12,shear=0.08,shift=1)\n",
    )
    assert len(read_png(tmp_path / "augmented.png")) == 2 * 60 + 4


def test_a_run_that_deforms_nothing_says_so(show, run):
    file = run.folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "augment": None, "image_shape": None}))
    code, printed = show(run.folder, "--augment", 1)
    assert (code, printed) == (2, f"gradmq: run {run.id} deforms nothing; give other deformations by --augmentation\n")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("", "give a model or a run, or --augment"),
        ("--augmentation shift", "--augmentation, --data and --output go with --augment; give how many"),
        ("--output x.png", "go with --augment"),
        ("--augment 0", "0 is not in the range"),
        ("--augment x", "'x'"),
        ("--augment 101", "101 is not in the range"),
        ("--augment 1 --augmentation blur", "--augmentation must be a list of elastic, rotate"),
        ("--augment 1 --augmentation shift=-1", "--augmentation takes shift between 0 and 100, got shift=-1.0"),
        ("--augment 1 --data nowhere", "nowhere cannot be read"),
        ("--augment 1 --output nowhere/x.png", "nowhere/x.png: No such file or directory"),
        ("nowhere --augment 1", "there is no run nowhere"),
    ],
)
def test_what_makes_no_sense_ends_with_one_line(show, line, named):
    code, printed = show(*line.split())
    assert (code, printed.count("\n")) == (73 if "No such file" in named else 2, 1)
    assert printed.startswith("gradmq: ")
    assert named in printed


def test_images_that_are_not_bytes_are_refused(show, small_data, tmp_path):
    (tmp_path / "mnist.pkl.gz").write_bytes(gzip.compress(pickle.dumps(load_data(small_data), 2), 1))
    code, printed = show("--augment", 1, "--data", "mnist.pkl.gz")
    assert (code, printed.count("\n")) == (2, 1)
    assert "images to be deformed must be 196 bytes each, as those of IDX files; these are" in printed
    assert not (tmp_path / "augmented.png").exists()


def test_other_samples_than_the_runs_are_refused(show, run):
    code, printed = show(run.folder, "--augment", 1, "--data", Path(__file__).parents[3] / "data" / "mnist")
    assert (code, printed.count("\n")) == (2, 1)
    assert "was trained on other samples" in printed
