"""Reading the seed's own format, `mnist.pkl.gz`, without trusting it.

A pickle is a program, and an ordinary unpickler runs what it says. This one knows four names, which stand for
"an array", and gives each a recorder of ours in place of NumPy's: so no code of the file's choosing runs, and
NumPy sees only a dtype from a short list and bytes of the right length.
"""

import gzip
import io
import math
import pickle
import pickletools
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.errors import DataError

Array = NDArray[Any]

_LIMIT = 2 * 2**30  # bytes of a pickle that are worth trying to hold in memory
_CHUNK = 2**20  # bytes
_MOST_OPCODES = 10_000  # the real file has about 100
_DTYPES = {"u1", "i1", "i2", "i4", "i8", "f4", "f8"}


class _Dtype:
    """Records a pickled dtype."""

    def __init__(self, code: Any, *_: Any) -> None:
        self.code = code.decode("ascii") if isinstance(code, bytes) else code
        self.order = "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1]
        self.order = order.decode("ascii") if isinstance(order, bytes) else order

    def numpy(self) -> np.dtype[Any]:
        if self.code not in _DTYPES or self.order not in ("<", ">", "|", "="):
            raise ValueError(f"dtype {self.order}{self.code}")
        return np.dtype(self.order.replace("|", "=") + self.code)


class _Array:
    """Records a pickled array."""

    state: tuple[Any, ...] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state

    def numpy(self) -> Array:
        if self.state is None:
            raise ValueError("an array without content")
        _, shape, dtype, fortran, data = self.state
        if isinstance(data, str):
            data = data.encode("latin1")
        return _build(data, dtype, shape, "F" if fortran else "C")


class _Buffer:
    """Records an array as pickle protocol 5 writes it."""

    def __init__(self, data: Any, dtype: Any, shape: Any, order: Any, *_: Any) -> None:
        self._parts = (data, dtype, shape, order)

    def numpy(self) -> Array:
        return _build(*self._parts)


def _build(data: Any, dtype: Any, shape: Any, order: Any) -> Array:
    if not (isinstance(data, bytes | bytearray) and isinstance(dtype, _Dtype) and isinstance(shape, tuple)):
        raise ValueError("an array of other things than numbers")
    kind = dtype.numpy()
    if not all(isinstance(n, int) and n >= 0 for n in shape) or math.prod(shape) * kind.itemsize != len(data):
        raise ValueError(f"an array of shape {shape} in {len(data)} bytes")
    return np.frombuffer(data, kind).reshape(shape, order="F" if order == "F" else "C")


def _latin1(text: Any, encoding: Any) -> bytes:
    """What `_codecs.encode` does in such files: bytes that protocol 2 wrote as text."""
    if not isinstance(text, str) or encoding != "latin1":
        raise ValueError(f"text in encoding {encoding}")
    return text.encode("latin1")


# A method of the file's own object is no way out: of ours, pickle can only call __init__ and __setstate__.
_KNOWN: dict[tuple[str, str], Callable[..., Any]] = {("_codecs", "encode"): _latin1, ("numpy", "dtype"): _Dtype}
for _core in ("numpy.core", "numpy._core"):
    _KNOWN[_core + ".multiarray", "_reconstruct"] = lambda *_: _Array()
    _KNOWN[_core + ".numeric", "_frombuffer"] = _Buffer


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("numpy", "ndarray"):
            return None  # only ever the first argument of _reconstruct
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _KNOWN[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it refers to something outside the file")


def read_seed_pickle(path: Path) -> list[tuple[Array, Array]]:
    """Return the (images, labels) pairs of training, validation and test data.

    images: (n_samples, n_inputs) floats.  labels: (n_samples,) integers.
    Raises DataError for a file that is missing, damaged, too large, or holds anything else.
    """
    try:
        data = _gunzip(path)
        _check_opcodes(data)
        content = _Unpickler(io.BytesIO(data), encoding="latin1").load()
        return [_pair(images, labels) for images, labels in _three(content)]
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    # Whatever a hostile pickle makes the unpickler raise (it can be any error) is the file's fault.
    except Exception as error:
        raise DataError(f"{path} is not a gzipped pickle of three (images, labels) pairs: {_one_line(error)}") from None


def _gunzip(path: Path) -> bytes:
    data = bytearray()
    try:
        with gzip.open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                data += chunk
                if len(data) > _LIMIT:
                    raise DataError(f"{path} unpacks to more than {_LIMIT} bytes; it cannot be read")
    except (EOFError, zlib.error) as error:
        raise DataError(f"{path} is damaged: {error}; replace it by the original file") from None
    return bytes(data)


def _check_opcodes(data: bytes) -> None:
    """Refuse what would exhaust memory before `find_class` is ever asked: huge memo numbers, endless programs."""
    for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        if count > _MOST_OPCODES or ("PUT" in opcode.name and int(argument or 0) > _MOST_OPCODES):
            raise ValueError("it is a program, not data")


def _three(content: Any) -> Any:
    if not isinstance(content, tuple | list) or len(content) != 3:
        raise ValueError("it holds something else")
    return content


def _pair(images: Any, labels: Any) -> tuple[Array, Array]:
    recorded = (_Array, _Buffer)
    if not isinstance(images, recorded) or not isinstance(labels, recorded):
        raise ValueError("it holds something else than arrays")
    x, y = images.numpy(), labels.numpy()
    if x.ndim != 2 or y.ndim != 1 or len(x) != len(y) or x.dtype.kind != "f" or y.dtype.kind not in "iu":
        raise ValueError(f"images {x.shape} {x.dtype} and labels {y.shape} {y.dtype} do not belong together")
    return x.astype(x.dtype.newbyteorder("<"), copy=False), y.astype(np.int64)


def _one_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
