"""The pages of runs on tables, whose classes, targets and columns have names."""

import re
from html import escape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from coordinator.page.document import page
from coordinator.page.files import picture_files
from coordinator.page.subject import Subject
from coordinator.runs.lookup import find_model
from coordinator.runs.recorder import Recorder
from coordinator.runs.run import RunFolder
from shared.config import TrainConfig
from shared.data.dataset import Dataset, load_dataset
from shared.data.in_memory import dataset_of
from shared.data.options import DataOptions
from shared.data.samples import LabelledSamples
from shared.strategies import SyncSGD
from shared.training.callbacks import Callbacks
from shared.training.in_process import InProcessGradients
from shared.training.loop import train

rng = np.random.default_rng(1)
N = 120
COLUMNS = {"length": rng.normal(5, 1, N), "<width>": rng.normal(3, 1, N), "colour": rng.choice(["red", "blue"], N)}
FLOWERS = np.where(COLUMNS["length"] > 5, "iris & co", "<rose>")


def subject(data: Dataset, runs: Path, output: str) -> Subject:
    """A finished run of that data."""
    config = TrainConfig(
        sizes=(data.training.n_inputs, 6, data.training.n_outputs),
        output=output,
        standardize=data.encoding.standardize,
        epochs=2,
        mini_batch_size=8,
        learning_rate=0.05,
        strategy=SyncSGD(),
        monitor="validation-cost" if len(data.validation) else "none",
    )
    run = RunFolder.create(runs, config, Path("table.csv"), data)
    with Recorder(run) as recorder:
        train(config, data, InProcessGradients(config, data), run.initial_state(), Callbacks([recorder]))
    run = RunFolder.open(str(run.folder), Path())
    return Subject(run, find_model(run.folder), data)


def test_classes_and_columns_have_their_names(tmp_path):
    made = page(subject(dataset_of(COLUMNS, FLOWERS, test=0.2, validation=0.1), tmp_path, "softmax"))
    for name in ("iris &amp; co", "&lt;rose&gt;", "&lt;width&gt;", "colour=red", "test accuracy", "Recognised least"):
        assert name in made
    assert "<rose>" not in made
    assert 'class="pixels"' not in made  # four inputs are no image of two by two


def test_numbers_to_be_predicted_are_shown_as_they_were_given(tmp_path):
    prices = 1000 + 50 * COLUMNS["length"]
    about = subject(dataset_of(COLUMNS, prices, regression=True, test=0.2, validation=0.1), tmp_path, "linear")
    made = page(about)
    assert "test R²" in made
    assert "taken for" not in made
    assert about.undone(about.data.test.targets).min() == pytest.approx(prices.min(), abs=150)
    assert set(picture_files(about)) == {"cost.svg", "r2.svg", "timeline.svg"}


def test_without_test_samples_it_is_the_validation_samples(tmp_path):
    made = page(subject(dataset_of(COLUMNS, FLOWERS, validation=0.2), tmp_path, "softmax"))
    assert "24 validation samples are taken" in made
    assert "test accuracy" not in made


def test_with_training_samples_alone_the_page_says_so(tmp_path):
    made = page(subject(dataset_of(COLUMNS, FLOWERS), tmp_path, "softmax"))
    assert "There are no samples but those that it has learned from." in made


@pytest.mark.parametrize(("target", "output"), [("kind", "softmax"), ("length", "linear")])
def test_what_is_wrong_is_named_by_its_line_in_the_table(tmp_path, target, output):
    table = tmp_path / "<flowers>.csv"
    kinds = rng.choice(["a", "b"], N)  # which nothing tells
    lines = [f"{length:.3f},{kind}" for length, kind in zip(COLUMNS["length"], kinds, strict=True)]
    table.write_text("\n".join(["length,kind", *lines]))
    data = load_dataset(table, DataOptions(target=(target,)))
    made = page(subject(data, tmp_path, output)).partition('id="mistakes"')[2].partition("</section>")[0]
    assert "line of &lt;flowers&gt;.csv" in made
    shown = [int(line) for line in re.findall(r"<tr><td[^>]*>(\d+)</td><td[^>]*>(?:a|b|length)<", made)]
    assert shown
    assert set(shown) <= set(data.test.locations.names.tolist())


def test_images_that_are_wrong_have_the_names_of_their_files(tmp_path):
    images = rng.integers(0, 256, (N, 4, 4)).astype(np.uint8)
    for number, image in enumerate(images):
        (tmp_path / "pets" / "<ab>"[number % 2 :: 2]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(tmp_path / "pets" / "<ab>"[number % 2 :: 2] / f"{number}.png")
    data = load_dataset(tmp_path / "pets")
    about = subject(data, tmp_path, "softmax")
    made = page(about)
    worst = about.findings.mistakes[0]
    folder, name = str(data.test.locations.names[worst.row]).split("/")
    assert f">{name}</small>" in made
    assert f"pets/{escape(folder)}/{name}: is {escape(folder)}, taken for" in made


def test_digits_keep_their_numbers(tmp_path, small_data):
    about = subject(load_dataset(small_data), tmp_path, "softmax")
    assert isinstance(about.samples, LabelledSamples)
    made = page(about)
    assert f"test sample {about.findings.mistakes[0].row}: is " in made
    assert "<small" not in made.partition('id="mistakes"')[2].partition("</section>")[0]
