"""A model is written whole, and read only as what it is."""

import os

import numpy as np
import pytest

from coordinator.runs.model_file import load_model, save_model
from shared.errors import ModelError
from shared.model import SavedModel
from tests.support.learning import drawn


def archive(**arrays: np.ndarray) -> dict[str, np.ndarray]:
    return arrays


@pytest.mark.parametrize(
    "arrays",
    [
        archive(),
        archive(x=np.zeros(3)),
        archive(W_1=np.zeros((2, 3))),
        archive(W_1=np.zeros((2, 3)), b_1=np.zeros((3, 1))),
        archive(W_1=np.zeros((2, 3)), b_1=np.zeros((2, 1), np.float32)),
        archive(W_1=np.zeros(6), b_1=np.zeros((2, 1))),
        archive(W_1=np.zeros((2, 3), int), b_1=np.zeros((2, 1), int)),
        archive(W_1=np.full((2, 3), np.nan), b_1=np.zeros((2, 1))),
        archive(W_1=np.zeros((2, 3)), b_1=np.array([[object()], [object()]])),
        archive(W_1=np.zeros((2, 3)), b_1=np.float64(1)),
    ],
)
def test_a_file_that_is_no_model_is_refused(tmp_path, arrays):
    path = tmp_path / "model.npz"
    np.savez(path, **arrays)
    with pytest.raises(ModelError, match=r"model\.npz"):
        load_model(path)


@pytest.mark.parametrize("position", range(0, 700, 23))
def test_a_damaged_model_is_refused_or_the_same(tmp_path, position):
    path = tmp_path / "model.npz"
    parameters = drawn((3, 2))
    save_model(path, SavedModel(parameters))
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= 0x55
    path.write_bytes(content)
    try:
        # Bytes that decide nothing (a date in the archive) may differ.
        assert load_model(path).parameters.sha256 == parameters.sha256
    except ModelError:
        pass


def test_a_model_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    parameters = drawn((3, 2))
    save_model(path, SavedModel(parameters))
    before = path.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save_model(path, SavedModel(drawn((3, 2), seed=1)))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.npz"]


def test_a_model_with_another_shape_or_fewer_layers_is_refused(tmp_path):
    """What zipfile's own checksums do not notice."""
    path = tmp_path / "model.npz"
    save_model(path, SavedModel(drawn((784, 30, 10, 10))))
    with np.load(path) as arrays:
        whole = dict(arrays)
    fewer = {name: array for name, array in whole.items() if not name.endswith("_3")}
    for changed in (fewer, {**whole, "W_1": whole["W_1"][:, :684]}, {**whole, "b_3": whole["b_3"] + np.float32(1)}):
        np.savez(path, **changed)
        with pytest.raises(ModelError):
            load_model(path)
    np.savez(path, **whole)
    assert load_model(path).parameters.sizes == (784, 30, 10, 10)
