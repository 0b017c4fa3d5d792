"""Images in folders, named by their class."""

import numpy as np
import pytest
from PIL import Image

from shared.data.dataset import load_dataset
from shared.data.options import DataOptions
from shared.errors import DataError

_rng = np.random.default_rng(0)
PIXELS = _rng.integers(0, 256, (12, 4, 6)).astype(np.uint8)


def write(folder, images=PIXELS, ending="png"):
    """Write images of two classes."""
    for number, image in enumerate(images):
        path = folder / ("cats", "dogs")[number % 2] / f"{number:02}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return folder


def test_classes_have_the_names_of_folders_and_pixels_stay_bytes(tmp_path):
    data = load_dataset(write(tmp_path / "pets"), DataOptions(test=0.0, validation=0.0))
    assert (data.encoding.classes, data.image_size, data.encoding.image_size) == (("cats", "dogs"), (4, 6), (4, 6))
    assert data.training.labels.tolist() == [0] * 6 + [1] * 6
    np.testing.assert_array_equal(data.training.values, np.concatenate([PIXELS[::2], PIXELS[1::2]]).reshape(12, 24))


def test_parts_may_have_folders(tmp_path):
    write(tmp_path / "train")
    write(tmp_path / "test", PIXELS[:4])
    data = load_dataset(tmp_path, DataOptions(validation=0.25))
    assert [len(part) for part in (data.training, data.validation, data.test)] == [9, 3, 4]
    with pytest.raises(DataError, match=r"has test samples of its own; leave --test out"):
        load_dataset(tmp_path, DataOptions(test=0.3))


def test_colours_become_shades_of_grey_and_what_is_transparent_is_white(tmp_path):
    colours = np.zeros((2, 4, 6, 4), np.uint8)
    colours[0] = (255, 255, 255, 255)
    data = load_dataset(write(tmp_path / "pets", colours), DataOptions(test=0.0, validation=0.0))
    assert data.training.values.tolist() == [[255] * 24, [255] * 24]


def test_images_of_other_sizes_are_refused_or_scaled(tmp_path):
    write(tmp_path)
    Image.fromarray(PIXELS[0, :3]).save(tmp_path / "dogs" / "99.png")
    with pytest.raises(DataError, match=r"99\.png has 3 x 6 pixels, and .*00\.png 4 x 6; .* --image-size 4,6"):
        load_dataset(tmp_path)
    data = load_dataset(tmp_path, DataOptions(image_size=(2, 3)))
    assert (data.image_size, data.training.n_inputs) == ((2, 3), 6)


def test_what_is_no_image_is_refused_with_its_name(tmp_path):
    write(tmp_path)
    (tmp_path / "cats" / "notes.jpg").write_text("no image")
    with pytest.raises(DataError, match=r"cats/notes\.jpg is no picture; give a PNG or a JPEG"):
        load_dataset(tmp_path)
    (tmp_path / "cats" / "notes.jpg").write_bytes((tmp_path / "cats" / "00.png").read_bytes()[:60])
    with pytest.raises(DataError, match=r"cats/notes\.jpg "):
        load_dataset(tmp_path)


def test_a_folder_of_neither_says_what_would_do(tmp_path):
    with pytest.raises(
        DataError, match=r"give a folder with the four IDX files of a data set, of \.npy files, or of images"
    ):
        load_dataset(tmp_path)


def test_images_to_test_on_are_of_one_size_with_the_others(tmp_path):
    write(tmp_path / "train")
    write(tmp_path / "test", PIXELS[:4, :3])
    with pytest.raises(DataError, match=r"test/cats/00\.png has 3 x 6 pixels, and .*train/cats/00\.png 4 x 6"):
        load_dataset(tmp_path)
    assert load_dataset(tmp_path, DataOptions(image_size=(4, 6))).test.n_inputs == 24


def test_what_is_hidden_is_no_class_and_no_image(tmp_path):
    write(tmp_path)
    (tmp_path / ".ipynb_checkpoints").mkdir()
    Image.fromarray(PIXELS[0]).save(tmp_path / ".ipynb_checkpoints" / "00-checkpoint.png")
    (tmp_path / "cats" / "._00.png").write_bytes(b"what another system keeps of a file")
    assert load_dataset(tmp_path).encoding.classes == ("cats", "dogs")
