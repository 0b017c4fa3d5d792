"""What a run of the default job is told about its fingerprint."""

from dataclasses import replace

import pytest

from coordinator.runs import published
from coordinator.runs.run import RunFolder
from shared.data.dataset import DEFAULT_DATA, load_dataset
from shared.training.metrics import EpochMetrics
from tests.support.command_line import config_of
from tests.support.mnist import PROJECT


@pytest.fixture(scope="module")
def dataset():
    return load_dataset(PROJECT / DEFAULT_DATA)


def told(tmp_path, dataset, fingerprint, line="--seed 1", samples=None):
    run = RunFolder.create(tmp_path, config_of(line.split()), DEFAULT_DATA, dataset if samples is None else samples)
    run.metrics.append(EpochMetrics(29, 1, 1, 1.0, 1, 1, 1.0, 0, fingerprint, {}))
    return published.compare(run)


def test_everybodys_fingerprint_is_called_that(tmp_path, dataset):
    expected = "this is the fingerprint that every machine gets for seed 1"
    assert told(tmp_path, dataset, published.FINGERPRINTS[1]) == expected


def test_another_one_is_called_a_defect_of_the_machine(tmp_path, dataset):
    line = told(tmp_path, dataset, published.FINGERPRINTS[0])
    assert line.startswith(f"every other machine gets {published.FINGERPRINTS[1]} for seed 1")
    assert "gradmq doctor" in line


@pytest.mark.parametrize("line", ["--seed 3", "--epochs 2", "--arithmetic native", "--mini-batch-size 20"])
def test_nothing_is_said_of_any_other_job(tmp_path, dataset, line):
    assert told(tmp_path, dataset, published.FINGERPRINTS[1], line) == ""


def test_nothing_is_said_of_other_samples(tmp_path, dataset):
    fewer = replace(dataset, training=replace(dataset.training, images=dataset.training.images[::-1]))
    assert told(tmp_path, dataset, published.FINGERPRINTS[1], samples=fewer) == ""


def test_the_documentation_has_the_same_fingerprints():
    page = (PROJECT / "docs" / "reproducibility.md").read_text()
    assert all(f"| {seed} |" in page and fingerprint in page for seed, fingerprint in published.FINGERPRINTS.items())
    assert published.FINGERPRINTS[0] in (PROJECT / "README.md").read_text()
