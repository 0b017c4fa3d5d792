"""`evaluate --augment`: by deformed copies of each sample as well."""

import gzip
import pickle
import re

import numpy as np
import pytest

from coordinator.runs.model_file import save_model
from shared.data.augment.copies import with_copies
from shared.data.augment.deformation import Deformer
from shared.data.augment.options import Augmentation
from shared.data.samples import LabelledSamples
from shared.model import SavedModel
from tests.support.exact import exact_mlp
from tests.support.learning import drawn
from tests.support.mnist import write_idx

SHIFT = Augmentation(shift=2.0)
IMAGES = np.random.default_rng(0).integers(0, 256, (50, 64)).astype(np.uint8)
SAMPLES = LabelledSamples(IMAGES, np.arange(50) % 10, 10)


def versions(samples: LabelledSamples = SAMPLES, n_copies: int = 3) -> list[np.ndarray]:
    mlp = exact_mlp((64, 5, 10), 50)
    looks = with_copies(samples, Deformer(SHIFT, 8, 8), n_copies, mlp.inputs)
    parts = [[x.copy() for x in looks(np.arange(start, stop))] for start, stop in ((0, 20), (20, 21), (21, 50))]
    return [np.concatenate(pieces, axis=1) for pieces in zip(*parts, strict=True)]


def test_the_first_look_is_at_the_sample_itself_and_each_other_at_another_copy():
    first, *copies = versions()
    np.testing.assert_array_equal(first, SAMPLES.inputs(np.arange(50), exact_mlp((64, 5, 10), 50).inputs))
    assert len(copies) == 3
    assert len({look.tobytes() for look in (first, *copies)}) == 4


def test_copies_are_what_the_first_epochs_of_a_run_with_seed_0_see_at_these_places():
    form = exact_mlp((64, 5, 10), 50).inputs
    for epoch, copy in enumerate(versions()[1:]):
        np.testing.assert_array_equal(copy, form.convert(Deformer(SHIFT, 8, 8).apply(IMAGES, 0, epoch, 0)).T)


@pytest.fixture
def evaluated(main_here, small_data, tmp_path, capsys):
    """What is printed of a model by `evaluate` with these options."""
    save_model(tmp_path / "model.npz", SavedModel(drawn((196, 12, 10), dtype="float64"), arithmetic="exact"))

    def run(*options: str) -> tuple[int, str]:
        code = main_here("evaluate", str(tmp_path / "model.npz"), "--data", str(small_data), *options)
        output = capsys.readouterr()
        return code, (output.err or output.out).strip()

    return run


def test_the_line_says_how_it_was_looked_at(evaluated):
    found = [evaluated("--augment", "elastic=2,shift", *more) for more in ([], ["--copies", "8"], ["--copies", "1"])]
    for (code, line), copies in zip(found, (8, 8, 1), strict=True):
        assert code == 0
        how = rf"with deformed copies of each: {copies} \(elastic=2,shift=1\)"
        assert re.fullmatch(rf"accuracy is \d+/200, {how}", line)
    assert found[0] == found[1]


def test_copies_that_are_not_deformed_say_what_the_sample_says(evaluated):
    """By the outputs, of which the plain figure takes the sums: they tell the same unless outputs are equal."""
    plain = evaluated()[1]
    assert evaluated("--augment", "noise=0", "--copies", "2")[1].startswith(plain)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--copies", "3"], "gradmq: --copies goes with --augment; give how they are deformed"),
        (["--augment", "shift", "--copies", "0"], "gradmq: Invalid value for '--copies': 0 is not in the range"),
        (["--augment", "bend"], "gradmq: --augment must be a list of elastic, "),
    ],
)
def test_what_does_not_fit_is_refused(evaluated, options, line):
    code, found = evaluated(*options)
    assert code == 2
    assert found.startswith(line)


def test_images_need_not_be_square_but_must_be_some(main_here, tmp_path, capsys):
    rng, images, pickled = np.random.default_rng(0), tmp_path / "images", tmp_path / "mnist.pkl.gz"
    images.mkdir()
    for part, count in (("train", 60), ("t10k", 20)):
        write_idx(images / f"{part}-images-idx3-ubyte.gz", rng.integers(0, 256, (count, 8, 10)))
        write_idx(images / f"{part}-labels-idx1-ubyte.gz", np.arange(count) % 3)
    parts = [(rng.random((count, 80), np.float32), np.arange(count) % 3) for count in (50, 10, 20)]
    pickled.write_bytes(gzip.compress(pickle.dumps(tuple(parts), 2), 1))
    save_model(tmp_path / "model.npz", SavedModel(drawn((80, 4, 3))))
    arguments = ["evaluate", str(tmp_path / "model.npz"), "--augment", "shift", "--data"]
    assert main_here(*arguments, str(images)) == 0
    capsys.readouterr()
    assert main_here(*arguments, str(pickled)) == 2
    line = f"gradmq: {pickled} has no images, or does not tell how large they are; leave --augment out\n"
    assert capsys.readouterr().err == line
