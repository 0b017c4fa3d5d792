"""Pictures in shades of grey: as many as the file has, in bytes."""

import numpy as np
import pytest
from PIL import Image

from shared.data.pictures import read_grey
from shared.errors import DataError

SHADES = np.arange(65536, dtype=np.uint16).reshape(256, 256)


@pytest.mark.parametrize("ending", ["png", "tif", "pgm"])
def test_16_bits_a_pixel_are_scaled_and_not_cut_off(tmp_path, ending):
    path = tmp_path / f"picture.{ending}"
    Image.fromarray(SHADES).save(path)
    found = read_grey(path)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, np.rint(SHADES / 257).astype(np.uint8))


def test_16_bits_are_scaled_in_both_ways(tmp_path):
    path = tmp_path / "picture.png"
    Image.fromarray(np.full((8, 8), 0x8080, np.uint16)).save(path)
    np.testing.assert_array_equal(read_grey(path, (4, 4)), np.full((4, 4), 0x80, np.uint8))


def test_shades_without_a_range_are_refused(tmp_path):
    path = tmp_path / "picture.tif"
    Image.fromarray(np.zeros((4, 4), np.float32)).save(path)
    with pytest.raises(DataError, match=r"picture\.tif has shades without a range; give 8 or 16 bits a pixel"):
        read_grey(path)


@pytest.mark.parametrize(("side", "is_taken"), [(2000, True), (2100, False)])
def test_a_few_bytes_that_would_become_a_lot_of_memory_are_refused(tmp_path, side, is_taken):
    path = tmp_path / "picture.gif"
    Image.new("L", (1, 1)).save(path)
    content = bytearray(path.read_bytes())
    content[6:10] = side.to_bytes(2, "little") * 2  # the size of the whole, of which the pixel is one
    path.write_bytes(content)
    if is_taken:
        assert read_grey(path).shape == (side, side)
    else:
        with pytest.raises(
            DataError, match=r"picture\.gif has 4410000 pixels in \d+ bytes, and so nothing to see; scale it down"
        ):
            read_grey(path)


def test_an_empty_page_is_taken(tmp_path):
    path = tmp_path / "page.png"
    Image.new("1", (2480, 3508), 1).save(path)
    assert (read_grey(path) == 255).all()
