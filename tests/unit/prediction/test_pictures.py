"""One's own photo of a digit becomes an image like MNIST's; other pictures are scaled."""

import numpy as np
import pytest
from PIL import Image

from coordinator.prediction.pictures import files_of, read_picture
from shared.errors import DataError
from tests.support.predictions import IMAGES

SIZE = (28, 28)


def photo(image, rng):
    """A digit on paper in uneven light, somewhere in the picture, with the grain of a camera."""
    height, width, side = 450, 600, int(rng.integers(130, 350))
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    paper = 0.75 + 0.2 * (x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1)) + rng.normal(0, 0.02, (height, width))
    ink = np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)) / 255
    top, left = int(rng.integers(0, height - side)), int(rng.integers(0, width - side))
    paper[top : top + side, left : left + side] *= 1 - 0.7 * np.clip((ink - 0.3) * 2.5, 0, 1)
    return np.uint8(np.clip(paper, 0, 1) * 255)


def likeness(a, b):
    """The correlation of two images."""
    return float(np.corrcoef(a.ravel().astype(float), b.ravel().astype(float))[0, 1])


@pytest.mark.parametrize("is_inverted", [False, True])
def test_a_photo_of_a_digit_becomes_the_image_that_mnist_has_of_it(tmp_path, is_inverted):
    rng = np.random.default_rng(0)
    found = []
    for image in IMAGES[:30].reshape(-1, *SIZE):
        picture = photo(image, rng)
        Image.fromarray(255 - picture if is_inverted else picture).save(tmp_path / "photo.jpg", quality=80)
        seen = read_picture(tmp_path / "photo.jpg", SIZE, "digit", None)
        assert (seen.shape, seen.dtype) == (SIZE, np.uint8)
        found.append(likeness(seen, image))
    assert np.median(found) > 0.9
    assert min(found) > 0.6


def test_what_reaches_in_from_the_border_and_specks_are_no_part_of_the_digit(tmp_path):
    picture = photo(IMAGES[0].reshape(SIZE), np.random.default_rng(1))
    Image.fromarray(picture).save(tmp_path / "clean.png")
    picture[:, :15] = 30  # the table beside the paper
    picture[380:, :200] = picture[380:, :200] * 0.5  # a shadow, larger than the digit
    picture[440:444, 580:584] = 30
    Image.fromarray(picture).save(tmp_path / "dirty.png")
    clean, dirty = (read_picture(tmp_path / f"{name}.png", SIZE, "digit", None) for name in ("clean", "dirty"))
    assert likeness(clean, dirty) > 0.9


def test_an_image_of_the_networks_size_stays_as_it_is_but_is_inverted_if_it_is_dark_on_light(tmp_path):
    image = IMAGES[7].reshape(SIZE)
    for name, pixels in (("light", image), ("dark", 255 - image)):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        assert np.array_equal(read_picture(tmp_path / f"{name}.png", SIZE, "digit", None), image)
    assert np.array_equal(read_picture(tmp_path / "dark.png", SIZE, "digit", False), 255 - image)


def test_transparent_is_white(tmp_path):
    pixels = np.zeros((*SIZE, 4), np.uint8)
    pixels[..., 3] = IMAGES[7].reshape(SIZE)  # black ink, opaque where it is written
    Image.fromarray(pixels).save(tmp_path / "ink.png")
    seen = read_picture(tmp_path / "ink.png", SIZE, "digit", None)
    assert np.abs(seen.astype(int) - IMAGES[7].reshape(SIZE)).max() <= 1


def test_a_whole_picture_is_scaled_and_inverted_only_when_asked_to(tmp_path):
    Image.fromarray(np.full((56, 100), 200, np.uint8)).save(tmp_path / "grey.png")
    for is_dark, shade in ((None, 200), (True, 55)):
        seen = read_picture(tmp_path / "grey.png", SIZE, "whole", is_dark)
        assert seen.shape == SIZE
        assert set(seen.ravel()) == {shade}


def test_an_empty_sheet_says_that_nothing_is_written(tmp_path):
    Image.fromarray(np.full((300, 300), 240, np.uint8)).save(tmp_path / "empty.png")
    with pytest.raises(DataError, match=r"empty\.png: nothing is written in the picture"):
        read_picture(tmp_path / "empty.png", SIZE, "digit", None)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_what_is_no_picture_is_refused(tmp_path, content):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.png (is no picture|cannot be read)"):
        read_picture(tmp_path / "x.png", SIZE, "digit", None)


def test_pictures_of_a_folder_come_by_their_names(tmp_path):
    for name in ("b.png", "a.JPG", "sub/c.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [file.name for file in files_of(tmp_path)] == ["a.JPG", "b.png", "c.png"]
