"""Folds of training samples."""

from pathlib import Path

import numpy as np
import pytest

from shared.data.dataset import load_dataset
from shared.data.folds import Fold
from shared.data.options import DataOptions
from shared.errors import ConfigError
from tests.support.mnist import PROJECT

IRIS = PROJECT / "examples" / "iris.csv"


@pytest.mark.parametrize("n_samples", [5, 23, 100])
def test_each_sample_is_validated_on_in_one_fold_and_trained_on_in_all_others(n_samples):
    pairs = [Fold(number, 5).rows(n_samples, seed=3) for number in range(1, 6)]
    assert sorted(np.concatenate([validation for _, validation in pairs])) == [*range(n_samples)]
    for training, validation in pairs:
        assert sorted([*training, *validation]) == [*range(n_samples)]
        assert len(validation) in (n_samples // 5, n_samples // 5 + 1)


def test_each_class_has_its_share_in_each_fold():
    classes = np.array([0] * 50 + [1] * 9 + [2] * 2)
    for number in range(1, 5):
        _, validation = Fold(number, 4).rows(len(classes), 0, classes)
        counts = np.bincount(classes[validation], minlength=3)
        assert all(abs(counts - np.array([50, 9, 2]) / 4) < 1)


def test_another_seed_has_other_folds():
    assert not np.array_equal(Fold(1, 5).rows(100, 0)[1], Fold(1, 5).rows(100, 1)[1])


@pytest.mark.parametrize("text", ["", "2", "0/5", "6/5", "1/1", "a/b", "1/5/2"])
def test_what_is_no_fold_is_refused(text):
    with pytest.raises(ConfigError, match="1/5 is the first of five"):
        Fold.parse(text)
    assert str(Fold.parse("2/5")) == "2/5"


def test_there_are_no_more_folds_than_samples():
    with pytest.raises(ConfigError, match="must be one of at most 3, the number of training samples"):
        Fold(1, 4).rows(3, 0)


def test_a_data_set_with_a_fold_has_others_test_samples_and_all_of_its_training_samples():
    options = DataOptions(target=("species",))
    whole = load_dataset(IRIS, options, seed=1)
    folded = load_dataset(IRIS, DataOptions(target=("species",), fold=Fold(2, 3)), seed=1)
    assert folded.test.sha256 == whole.test.sha256
    assert len(folded.training) + len(folded.validation) == len(whole.training)
    assert len(folded.validation) == len(whole.training) // 3
    assert whole.folded(Fold(2, 3), 1).training.sha256 == folded.training.sha256


def test_a_fold_is_written_down_and_is_nobodys_for_other_samples():
    options = DataOptions(test=Path("/x.csv"), fold=Fold(2, 5))
    assert options.to_json()["fold"] == "2/5"
    assert DataOptions.from_json(options.to_json()) == options
    assert options.given == ["test"]
    assert options.for_test.fold is None
