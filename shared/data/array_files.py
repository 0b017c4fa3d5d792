"""Arrays in files as a source of samples: an .npz, an .npy, or a folder of .npy files, which stay on the disk."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from shared.data.encoding import Encoding
from shared.data.found import Found, Pair
from shared.data.numpy_files import map_npy, read_npz
from shared.data.options import DataOptions
from shared.data.parts import Part
from shared.data.tables import Table, whole
from shared.errors import DataError
from shared.regular_files import read_regular
from shared.types import Array

_LARGEST = 2**26  # bytes of an encoding; it may have the categories of columns
ENCODING = "encoding"  # the name of what is not samples: JSON
_INPUTS = {"x", "images", "data", "inputs", "features"}
_WANTED = {"y", "labels", "target", "targets"}
DIVISION = frozenset(
    {"task", "test", "validation", "stratify", "scale"}
)  # options about what has neither names nor parts
PARTS = {
    **dict.fromkeys(("train", "training"), Part.TRAINING),
    **dict.fromkeys(("validation", "valid", "val"), Part.VALIDATION),
    "test": Part.TEST,
}
_NAMES = "x and y, or x_train, y_train, x_validation, y_validation, x_test and y_test"


class NpzFile:
    """Arrays by their names: x and y, to be divided; or x_train, y_train, x_test, y_test, … as they are divided."""

    what = "an .npz of x and y"
    takes = DIVISION

    def recognises(self, path: Path) -> bool:
        return path.is_file() and path.suffix.lower() == ".npz"

    def read(self, path: Path, options: DataOptions) -> Found:
        arrays = read_npz(path)
        text = arrays.pop(ENCODING, None)
        return _found(path, arrays, None if text is None else text.tobytes(), options)


class NpyFile:
    """One array, a sample a row, of which columns are to be predicted, or another file's samples."""

    what = "an .npy with --target"
    takes = DIVISION | {"target", "ignore", "impute"}

    def recognises(self, path: Path) -> bool:
        return path.is_file() and path.suffix.lower() == ".npy"

    def read(self, path: Path, options: DataOptions) -> Found:
        if not options.target:
            raise DataError(
                f"{path} does not tell what is to be predicted; give --target, a column's number or an .npy"
            )
        x = map_npy(path)
        if options.has_target_file:
            if len(options.target) > 1:
                raise DataError(f"{path}: labels are in one file, got {', '.join(options.target)}; give one --target")
            y = map_npy(Path(options.target[0]))
            if options.ignore:
                table = Table.of(x, str(path))
                return Found((table.without([table.number_of(name) for name in options.ignore]), y), source=str(path))
            return Found((x, y), source=str(path))
        table = Table.of(x, str(path))
        targets = [table.number_of(name) for name in options.target]
        inputs = table.without([*targets, *(table.number_of(name) for name in options.ignore)])
        if not inputs.names:
            raise DataError(f"{path} has no column left to predict {', '.join(options.target)} from; give more columns")
        y = x.reshape(len(x), -1)[:, targets]  # of the type that they have there
        return Found((inputs, whole(y)), source=str(path), target=options.target)


class NpyFolder:
    """A folder of .npy files with such names, as `gradmq convert` writes them; they stay on the disk, but for rows."""

    what = "a folder of .npy files"
    takes = DIVISION

    def recognises(self, path: Path) -> bool:
        return path.is_dir() and any(path.glob("*.npy"))

    def read(self, path: Path, options: DataOptions) -> Found:
        arrays = {file.stem: map_npy(file) for file in sorted(path.glob("*.npy"))}
        encoding = path / f"{ENCODING}.json"
        try:
            text = read_regular(encoding, _LARGEST) if encoding.exists() else None
        except OSError as error:
            reason = error.strerror or error
            raise DataError(
                f"{encoding} cannot be read: {reason}; convert the data again, or correct its rights"
            ) from None
        return _found(path, arrays, text, options)


def name_of(part: Part, is_wanted: bool) -> str:
    """Return the name of an array, as it is written."""
    return f"{'y' if is_wanted else 'x'}_{'train' if part is Part.TRAINING else part}"


def _found(path: Path, arrays: Mapping[str, Array], text: bytes | None, options: DataOptions) -> Found:
    """Return samples of arrays by their names.  text: of the encoding, if they are encoded."""
    pairs = _pairs(path, arrays)
    if own := [name for name in ("validation", "test") if Part[name.upper()] in pairs and name in options.given]:
        raise DataError(f"{path} has {own[0]} samples of its own; leave --{own[0]} out")
    encoding = None
    if text is not None:
        if options.given:
            raise DataError(f"{path} was divided and encoded by `gradmq convert`; leave --{options.given[0]} out")
        encoding = _encoding(path, text)
    return Found(
        pairs[Part.TRAINING],
        pairs.get(Part.VALIDATION),
        pairs.get(Part.TEST),
        str(path),
        is_encoded=text is not None,
        encoding=encoding,
    )


def _pairs(path: Path, arrays: Mapping[str, Array]) -> dict[Part, Pair]:
    found: dict[tuple[Part, bool], Array] = {}
    for name, array in arrays.items():
        place = _place(name)
        if place is None or place in found:
            raise DataError(f"{path} has an array {name}, which says nothing; give {_NAMES}")
        found[place] = array
    pairs = {}
    for part in Part:
        both = [found.get((part, is_wanted)) for is_wanted in (False, True)]
        if (both[0] is None) != (both[1] is None):
            raise DataError(f"{path} has {_listed(arrays)}, half of the {part} samples; give {_NAMES}")
        if both[0] is None:
            continue
        if both[0].ndim < 2 or 0 in both[0].shape[1:]:
            raise DataError(
                f"{path}: the inputs of {part} samples have shape {both[0].shape}; give a row for each sample"
            )
        if len(both[0]):
            pairs[part] = (both[0], both[1])
    if Part.TRAINING not in pairs:
        raise DataError(f"{path} has {_listed(arrays) or 'nothing'}, and no training samples; give {_NAMES}")
    return pairs


def _place(name: str) -> tuple[Part, bool] | None:
    """Return what an array is: samples of which part, and whether it is what is wanted of them."""
    words = set(name.lower().split("_"))
    roles, parts = words & (_INPUTS | _WANTED), words & PARTS.keys()
    if len(roles) != 1 or len(parts) > 1 or words - roles - parts:
        return None
    return PARTS[parts.pop()] if parts else Part.TRAINING, bool(roles & _WANTED)


def _encoding(path: Path, text: bytes) -> Encoding | None:
    try:
        fields = json.loads(text)
        return Encoding.from_json(fields) if fields else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError(f"{path}: its encoding is damaged ({error}); convert the data again") from None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)[:8])
