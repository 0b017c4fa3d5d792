"""Files of samples of every kind, of weights, and of what is to be answered."""

import gzip
import io
import json
import pickle
import struct
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
from PIL import Image
from pyarrow import parquet

from coordinator.prediction.questions import Fit, questions_at
from shared.data import typed_table_file
from shared.data.columns import Categorical, Numeric
from shared.data.dataset import load_dataset
from shared.data.encoding import Encoding
from shared.data.options import PLAIN, DataOptions
from shared.data.sample_weights import read_weights
from shared.data.tables import Table
from shared.errors import ConfigError, DataError
from shared.model import SavedModel
from tests.fuzz.places import scratch, written
from tests.fuzz.target import Target
from tests.support.learning import drawn

_N = 12
_X = np.linspace(0, 1, _N * 4, dtype=np.float32).reshape(_N, 4)
_Y = np.arange(_N) % 2
_COLUMNS: dict[str, Any] = {"length": _X[:, 0].astype(float), "colour": ["red", "blue", ""] * 4, "y": ["a", "b"] * 6}
_OPTIONS = DataOptions(target=("y",), impute="median")


def _saved(write: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def _load(name: str, options: DataOptions = PLAIN, pack: Callable[[bytes], bytes] = bytes) -> Callable[[bytes], None]:
    """Read a data set that is one file."""

    def take(content: bytes) -> None:
        _look_at(written(name, pack(content)), options)

    return take


def _look_at(path: Path, options: DataOptions = PLAIN) -> None:
    data = load_dataset(path, options)
    n_inputs = data.training.n_inputs
    for part in (data.training, data.validation, data.test):
        assert part.n_inputs == n_inputs
    data.check_inputs("exact", "sigmoid" if data.has_classes else "linear")
    _ = data.training.sha256


def _csvs() -> list[bytes]:
    rows = [f"{length:.3f},{colour},{y}" for length, colour, y in zip(*_COLUMNS.values(), strict=True)]
    numbers = [f"{a};{b}" for a, b in zip(range(_N), _Y, strict=True)]
    return [
        "\n".join(["length,colour,y", *rows]).encode(),
        "\n".join(["x;y", *numbers]).encode(),
        "\ufeffx\ty\n1,5\t2\n'a b'\t\"3\n\"\n".encode(),
    ]


def _packed(content: bytes) -> bytes:
    return gzip.compress(content, 1)


def _idx(array: np.ndarray[Any, Any]) -> bytes:
    return (
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()
    )


@cache
def _idx_folder() -> Path:
    for part in ("train", "t10k"):
        written(f"idx/{part}-images-idx3-ubyte", _idx(_IMAGES))
        written(f"idx/{part}-labels-idx1-ubyte", _idx(_Y))
    return scratch() / "idx"


_IMAGES = (np.arange(_N * 9) % 256).reshape(_N, 3, 3).astype(np.uint8)


def _in_folder(
    folder: Callable[[], Path], name: str, pack: Callable[[bytes], bytes] = bytes
) -> Callable[[bytes], None]:
    """Read a data set of several files, one of which is the input."""

    def take(content: bytes) -> None:
        path = folder() / name
        right = path.read_bytes()
        path.write_bytes(pack(content))
        try:
            _look_at(folder())
        finally:
            path.write_bytes(right)

    return take


@cache
def _npy_folder() -> Path:
    columns = (*(Numeric(f"column {number}", 0.5, 2.0) for number in range(3)), Categorical("c", ("a",)))
    folder = scratch() / "arrays"
    folder.mkdir()
    for name, array in (("x_train", _X), ("y_train", _Y), ("x_test", _X), ("y_test", _Y)):
        np.save(folder / f"{name}.npy", array)
    (folder / "encoding.json").write_text(json.dumps(Encoding(columns, ("no", "yes")).to_json()))
    return folder


def _npzs() -> list[bytes]:
    encoding = np.frombuffer(json.dumps(Encoding(classes=("no", "yes")).to_json()).encode(), np.uint8)
    return [
        _saved(lambda file: np.savez(file, x=_X, y=_Y)),
        _saved(lambda file: np.savez_compressed(file, x=_IMAGES, y=np.array(["a", "b"] * 6))),
        _saved(lambda file: np.savez(file, x_train=_X, y_train=_Y, x_test=_X, y_test=_Y, encoding=encoding)),
    ]


def _npys() -> list[bytes]:
    arrays: list[Any] = [np.c_[_X, _Y], np.asfortranarray(np.c_[_X, _Y].astype(np.float64)), _IMAGES.astype(">i4")]
    return [_saved(lambda file, array=array: np.save(file, array)) for array in arrays]  # type: ignore[misc]


def _parquets() -> list[bytes]:
    strange = {"when": np.arange(_N).astype("M8[s]"), "nested": [[1, 2]] * _N}
    tables = [pyarrow.table(_COLUMNS), pyarrow.table(_COLUMNS), pyarrow.table({**_COLUMNS, **strange})]
    return [
        _saved(lambda file, each=each, kind=kind: parquet.write_table(each, file, compression=kind))  # type: ignore[misc]
        for each, kind in zip(tables, ("NONE", "snappy", "gzip"), strict=True)
    ]


def _pickles() -> list[bytes]:
    pairs = tuple((_X.astype(np.float32), _Y.astype(np.int64)) for _ in range(3))
    return [pickle.dumps(pairs, protocol) for protocol in (0, 1, 2, 3, 4, 5)]


@cache
def _pictures(ending: str) -> list[bytes]:
    stroke = np.zeros((27, 27), np.uint8)
    stroke[5:22, 12:15] = 255
    image, found = Image.fromarray(stroke), []
    for mode in ("L", "RGB", "P", "1", "RGBA", "LA"):
        content = io.BytesIO()
        try:
            image.convert(mode).save(content, ending)
        except OSError:
            continue  # there are no such files
        found.append(content.getvalue())
    return found


@cache
def _picture_folder() -> Path:
    for name in ("one/a", "one/b", "two/a", "two/b"):
        written(f"pictures/{name}.png", _pictures("png")[0])
    return scratch() / "pictures"


@cache
def _answerer(n_inputs: int) -> SavedModel:
    columns = (Numeric("length", 1.5, 2.0, 1.0), Categorical("colour", ("blue", "red"), "red"))
    is_table = n_inputs == 3
    return SavedModel(drawn((n_inputs, 2, 2)), encoding=Encoding(columns) if is_table else Encoding())


def _answer(name: str, n_inputs: int) -> Callable[[bytes], None]:
    """Read what is to be answered."""

    def take(content: bytes) -> None:
        model = _answerer(n_inputs)
        for batch in questions_at(written(name, content), model, Fit()).batches(model):
            assert batch.shape[1] == n_inputs

    return take


def _weights(name: str) -> Callable[[bytes], None]:
    def take(content: bytes) -> None:
        weights = read_weights(written(name, content))
        assert np.isfinite(weights).all()
        assert 0 < weights.min() <= weights.max() <= 1

    return take


def _readers(kinds: Sequence[str]) -> list[Target]:
    refusals = (DataError, ConfigError)
    return [
        Target(
            f"picture-{kind}", _answer(f"picture.{kind}", 9), lambda kind=kind: _pictures(kind), refusals, memory=2**29
        )  # type: ignore[misc]
        for kind in kinds
    ]


_REFUSALS = (DataError, ConfigError)
_OF_CSV = (b",", b";", b"\t", b'"', b"\n", b"\r", b"nan", b"NA", b"1_0", b"1e5", b"0x1", b"\xef\xbb\xbf")
_OF_PICKLE = (
    b"(",
    b"t",
    b"c",
    b"R",
    b"b",
    b".",
    b"cnumpy\nndarray\n",
    b"\x80\x05",
    b"]",
    b"}",
    b"\x94",
    b"h\x00",
    b"N",
)

TARGETS = (
    Target("csv", _load("t.csv", _OPTIONS), _csvs, _REFUSALS, _OF_CSV),
    Target("csv-packed", _load("t.csv.gz", _OPTIONS), lambda: list(map(_packed, _csvs())), _REFUSALS),
    Target("table", _load("t.table", _OPTIONS), lambda: [typed_table_file.to_bytes(Table.of(_COLUMNS))], _REFUSALS),
    Target("parquet", _load("t.parquet", _OPTIONS), _parquets, _REFUSALS, (b"PAR1", b"y", b"\x15\x00")),
    Target("npz", _load("t.npz"), _npzs, _REFUSALS),
    Target("npy", _load("t.npy", DataOptions(target=("1",))), _npys, _REFUSALS),
    Target(
        "npy-folder",
        _in_folder(_npy_folder, "x_train.npy"),
        lambda: [_saved(lambda file: np.save(file, _X))],
        _REFUSALS,
    ),
    Target(
        "encoding",
        _in_folder(_npy_folder, "encoding.json"),
        lambda: [(_npy_folder() / "encoding.json").read_bytes()],
        _REFUSALS,
    ),
    Target("idx", _in_folder(_idx_folder, "train-images-idx3-ubyte"), lambda: [_idx(_IMAGES)], _REFUSALS),
    Target("idx-labels", _in_folder(_idx_folder, "t10k-labels-idx1-ubyte", _packed), lambda: [_idx(_Y)], _REFUSALS),
    Target("pickle", _load("t.pkl", PLAIN, _packed), _pickles, _REFUSALS, _OF_PICKLE),
    Target("pickle-packed", _load("t.pkl.gz"), lambda: list(map(_packed, _pickles())), _REFUSALS),
    Target("picture-folder", _in_folder(_picture_folder, "one/a.png"), lambda: _pictures("png"), _REFUSALS),
    *_readers(("png", "jpeg", "gif", "bmp", "tiff", "webp", "ppm")),
    Target("weights-txt", _weights("w.txt"), lambda: [b"1\n2.5\n0.5\n"], _REFUSALS, (b"\n", b"#", b" ", b"nan")),
    Target("weights-npy", _weights("w.npy"), lambda: [_saved(lambda file: np.save(file, _X[:, 0] + 1))], _REFUSALS),
    Target("answer-csv", _answer("a.csv", 3), lambda: [b"length,colour\n1,red\n2,\n"], _REFUSALS, _OF_CSV),
    Target("answer-npy", _answer("a.npy", 9), lambda: [_saved(lambda file: np.save(file, _IMAGES))], _REFUSALS),
    Target("answer-npz", _answer("a.npz", 9), lambda: [_saved(lambda file: np.savez(file, x=_IMAGES))], _REFUSALS),
)
