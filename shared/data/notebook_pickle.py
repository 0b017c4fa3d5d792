"""Reading the notebook's own format, `mnist.pkl.gz`, without trusting it.

A pickle is a program, and an ordinary unpickler runs what it says. Ours takes only the steps that such files need
(`shared.data.pickle_machine`), and knows six names, which stand for "an array", with a recorder of ours in place of
each of NumPy's: so no code of the file's choosing runs, and NumPy sees only a dtype from a short list and bytes of the
right length.
"""

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from shared.data.pickle_machine import Called, Name, run
from shared.errors import DataError
from shared.regular_files import open_regular
from shared.types import Array

_LIMIT = 2**30  # bytes of a pickle that are worth trying to hold in memory
_CHUNK = 2**20  # bytes
_DTYPES = {"u1", "i1", "i2", "i4", "i8", "f4", "f8"}


class _Dtype:
    """Records a pickled dtype."""

    __slots__ = ("_code", "_order")

    def __init__(self, code: Any) -> None:
        self._code, self._order = _text(code), "|"

    def set_state(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) < 2:
            raise ValueError("a strange dtype")
        self._order = _text(state[1])

    def numpy(self) -> np.dtype[Any]:
        if self._code not in _DTYPES or self._order not in ("<", ">", "|", "="):
            raise ValueError("an array of other things than numbers")
        return np.dtype(self._order.replace("|", "=") + self._code)


class _Array:
    """Records a pickled array."""

    __slots__ = ("_parts",)

    def __init__(self, data: Any = None, dtype: Any = None, shape: Any = None, order: Any = None) -> None:
        self._parts = (data, dtype, shape, order)

    def set_state(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise ValueError("a strange array")
        _, shape, dtype, fortran, data = state
        self._parts = (data, dtype, shape, "F" if fortran is True or fortran == 1 else "C")

    def numpy(self) -> Array:
        data, dtype, shape, order = self._parts
        if isinstance(data, _Latin1):
            data = data.text
        if isinstance(data, str):
            data = data.encode("latin1")
        if not (isinstance(data, bytes | bytearray) and isinstance(dtype, _Dtype) and isinstance(shape, tuple)):
            raise ValueError("an array of other things than numbers")
        if not all(isinstance(n, int) and 0 <= n <= _LIMIT for n in shape):
            raise ValueError("an array of a strange shape")
        kind = dtype.numpy()
        if math.prod(shape) * kind.itemsize != len(data):
            raise ValueError("an array whose shape does not fit its bytes")
        return np.frombuffer(data, kind).reshape(shape, order="F" if order == "F" else "C")


def _text(value: Any) -> str:
    if isinstance(value, _Latin1):
        value = value.text
    if isinstance(value, bytes):
        value = value.decode("ascii")
    if not isinstance(value, str):
        raise ValueError("a strange dtype")
    return value


class _Latin1:
    """Text that stands for bytes, as protocol 2 writes these: `_codecs.encode` of it is recorded, and nothing more."""

    __slots__ = ("text",)

    def __init__(self, text: Any, encoding: Any) -> None:
        if not isinstance(text, str) or encoding != "latin1":
            raise ValueError("text in a strange encoding")
        self.text = text


_KNOWN: dict[Name, Called | None] = {
    ("_codecs", "encode"): Called(_Latin1),
    ("numpy", "dtype"): Called(lambda code, *_: _Dtype(code)),
    ("numpy", "ndarray"): None,  # only ever the first argument of _reconstruct
    ("__builtin__", "bytes"): Called(lambda: b""),  # what protocol 2 makes of the bytes of an empty array
}
for _core in ("numpy.core", "numpy._core"):
    _KNOWN[_core + ".multiarray", "_reconstruct"] = Called(lambda *_: _Array())
    _KNOWN[_core + ".numeric", "_frombuffer"] = Called(_Array)


def read_notebook_pickle(path: Path) -> list[tuple[Array, Array]]:
    """Return the (images, labels) pairs of training, validation and test data.

    images: (n_samples, n_inputs) floats.  labels: (n_samples,) integers.
    Raises DataError for a file that is missing, damaged, too large, or holds anything else.
    """
    try:
        content = run(_gunzip(path), _KNOWN, (_Dtype, _Array))
        return [_pair(images, labels) for images, labels in _three(content)]
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; give another copy") from None
    # Whatever a hostile pickle makes us raise (it can be any error) is the file's fault.
    except Exception as error:
        what = "a gzipped pickle of three (images, labels) pairs"
        raise DataError(f"{path} is not {what}: {_one_line(error)}; give the notebook's file") from None


def _gunzip(path: Path) -> bytes:
    data = bytearray()
    try:
        with open_regular(path, _LIMIT) as compressed, gzip.GzipFile(fileobj=compressed) as file:
            while chunk := file.read(_CHUNK):
                data += chunk
                if len(data) > _LIMIT:
                    raise DataError(f"{path} unpacks to more than {_LIMIT} bytes; convert it into arrays")
    except (EOFError, zlib.error) as error:
        raise DataError(f"{path} is damaged: {error}; replace it by the original file") from None
    return bytes(data)


def _three(content: Any) -> Any:
    if not isinstance(content, tuple | list) or len(content) != 3:
        raise ValueError("it holds something else")
    return content


def _pair(images: Any, labels: Any) -> tuple[Array, Array]:
    if not isinstance(images, _Array) or not isinstance(labels, _Array):
        raise ValueError("it holds something else than arrays")
    x, y = images.numpy(), labels.numpy()
    if x.ndim != 2 or x.dtype.kind != "f":
        raise ValueError(f"its images are {x.dtype} {x.shape}; they should be floats from 0 to 1, a row for each image")
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise ValueError(f"its labels are {y.dtype} {y.shape}; they should be integers, one for each image")
    if len(x) != len(y):
        raise ValueError(f"{len(x)} images and {len(y)} labels do not belong together")
    return x.astype(x.dtype.newbyteorder("<"), copy=False), y.astype(np.int64)


def _one_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
