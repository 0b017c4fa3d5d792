"""The pages of runs on tables, whose classes, targets and columns have names."""

from pathlib import Path

import numpy as np
import pytest

from coordinator.page.document import page
from coordinator.page.files import picture_files
from coordinator.page.subject import Subject
from coordinator.runs.lookup import find_model
from coordinator.runs.recorder import Recorder
from coordinator.runs.run import RunFolder
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.data.in_memory import dataset_of
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
