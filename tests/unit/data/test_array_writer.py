"""Any data set as arrays: what is read again has the same digests."""

import numpy as np
import pytest

from shared.data import array_writer, blocks
from shared.data.array_writer import write_folder, write_npz
from shared.data.dataset import load_dataset
from shared.data.options import DataOptions
from shared.data.parts import Part
from shared.errors import DataError
from tests.support.tables import write_flowers, write_prices


def flowers(folder):
    return write_flowers(folder / "flowers.csv"), DataOptions(target=("species",))


def prices(folder):
    return write_prices(folder / "prices.csv"), DataOptions(target=("price",), test=0.0)


def numbers(folder):
    x = np.random.default_rng(0).normal(size=(300, 5)).astype(np.float32)
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", x[:, 0] > 0)
    return folder / "x.npy", DataOptions(target=(str(folder / "y.npy"),))


@pytest.fixture(params=[flowers, prices, numbers, "mnist"])
def given(request, tmp_path, small_data):
    return (small_data, DataOptions()) if request.param == "mnist" else request.param(tmp_path)


@pytest.mark.parametrize("size", [100, 2**23])
def test_what_was_converted_is_the_same(given, tmp_path, monkeypatch, size):
    monkeypatch.setattr(blocks, "_SIZE", size)  # bytes, so that there are many, or one
    original = load_dataset(*given, seed=3)
    write_npz(tmp_path / "a.npz", original)
    write_folder(tmp_path / "a", *given, seed=3)
    for path in (tmp_path / "a.npz", tmp_path / "a"):
        again = load_dataset(path)
        assert [again.part(part).sha256 for part in Part] == [original.part(part).sha256 for part in Part]
        assert (again.encoding, again.image_size) == (original.encoding, original.image_size)


def test_it_is_there_whole_or_not_at_all(given, tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    with pytest.raises(DataError, match="there is there already; give another folder"):
        write_folder(tmp_path / "there", *given, seed=0)

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(array_writer, "_write", fail)
    with pytest.raises(OSError, match="No space left"):
        write_folder(tmp_path / "new", *given, seed=0)
    assert not [*tmp_path.glob("*new*")]
