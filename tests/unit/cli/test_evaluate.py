"""`gradmq evaluate --data`: other samples, read as those that the model has learned from."""

from pathlib import Path

import numpy as np
import pytest

_rng = np.random.default_rng(0)
LABELS = np.arange(80) % 4
PIXELS = _rng.integers(0, 50, (80, 8)).astype(np.uint8)
PIXELS[np.arange(80), LABELS] += 200
TRAIN = ("train", "--workers", "0", "--hidden", "8", "--epochs", "5")


@pytest.fixture
def gradmq(main_here, capsys, tmp_path, monkeypatch):
    """Run `gradmq` in a folder of its own; return the exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        code = main_here(*map(str, arguments))
        output = capsys.readouterr()
        return code, output.out + output.err

    return call


def run_folder() -> Path:
    (folder,) = Path("runs").iterdir()
    return folder


def test_no_new_encoding_is_made_of_samples_to_test_on(gradmq):
    """Neither means and deviations of numbers that were bytes, nor classes of those that happen to occur."""
    np.savez("train.npz", x=PIXELS, y=LABELS)
    assert gradmq(*TRAIN, "--data", "train.npz")[0] == 0
    few = LABELS < 2
    np.savez("bytes.npz", x=PIXELS[few], y=LABELS[few])
    np.savez("numbers.npz", x=PIXELS[few] / 255, y=LABELS[few].astype(str))
    for model in (run_folder(), run_folder() / "best.npz"):
        told = [gradmq("evaluate", model, "--data", data) for data in ("bytes.npz", "numbers.npz")]
        assert told[0] == told[1]
        assert told[0][1].startswith("accuracy is 4") or told[0][1].startswith("accuracy is 3"), told
    np.savez("numbers.npz", x=PIXELS, y=LABELS + 1)
    code, text = gradmq("evaluate", run_folder(), "--data", "numbers.npz")
    assert (code, text) == (2, "gradmq: numbers.npz, row 3: 4 is none of the classes 0 to 3; correct it\n")


def test_labels_in_a_file_are_those_of_their_own_samples(gradmq):
    np.save("x.npy", PIXELS)
    np.save("y.npy", LABELS)
    assert gradmq(*TRAIN, "--data", "x.npy", "--target", "y.npy")[0] == 0
    code, text = gradmq("evaluate", run_folder(), "--data", "x.npy")
    assert code == 2 and "x.npy does not tell what is to be predicted; give --target" in text
    np.save("others.npy", (LABELS + 1) % 4)
    right = gradmq("evaluate", run_folder(), "--data", "x.npy", "--target", "y.npy")
    wrong = gradmq("evaluate", run_folder(), "--data", "x.npy", "--target", "others.npy")
    assert right != wrong
    np.savez("others.npz", x=PIXELS, y=LABELS)
    code, text = gradmq("evaluate", run_folder(), "--data", "others.npz", "--target", "y.npy")
    assert code == 2 and "others.npz is an .npz of x and y, for which --target has no meaning" in text
    code, text = gradmq("evaluate", run_folder(), "--target", "y.npy")
    assert code == 2 and "--target goes with --data" in text


def test_one_class_alone_is_nothing_to_learn(gradmq):
    np.savez("one.npz", x=PIXELS, y=np.full(80, "same"))
    code, text = gradmq(*TRAIN, "--data", "one.npz")
    assert code == 2
    assert text == "gradmq: one.npz has samples of one class alone, and there is nothing to learn; give two\n"
