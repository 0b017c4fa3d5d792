"""Where samples come from. A new kind of source is a class here and a line in `SOURCES`."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

from shared.data.array_files import NpyFile, NpyFolder, NpzFile
from shared.data.found import Found
from shared.data.idx import read_idx
from shared.data.image_folder import ImageFolder
from shared.data.notebook_pickle import read_notebook_pickle
from shared.data.options import DataOptions
from shared.data.table_files import TableFile
from shared.errors import DataError
from shared.types import Array


class Source(Protocol):
    """One way in which data sets are kept."""

    what: str  # with its article, for people

    @property
    def takes(self) -> Collection[str]:
        """The options of `train` about data that have a meaning for it; all others are refused."""
        ...

    def recognises(self, path: Path) -> bool:
        """Tell whether it should be this; the first source that says so reads it."""
        ...

    def read(self, path: Path, options: DataOptions) -> Found:
        """Return what is there, by options that it takes.  Raises DataError."""
        ...


class IdxFolder:
    """A folder of four IDX files, as those of MNIST."""

    what = "a folder of IDX files"
    takes: Collection[str] = ()

    def recognises(self, path: Path) -> bool:
        return path.is_dir()

    def read(self, path: Path, options: DataOptions) -> Found:
        (images, labels), test = self._read(path, "train"), self._read(path, "t10k")
        # The notebook's split of MNIST, 50,000 to 10,000, in proportion: the last sixth is for validation.
        n_training = len(labels) - len(labels) // 6
        training = (images[:n_training], labels[:n_training])
        validation = (images[n_training:], labels[n_training:])
        return Found(training, validation, test, str(path), is_encoded=True)

    def _read(self, folder: Path, part: str) -> tuple[Array, Array]:
        images_path = self._file(folder, f"{part}-images", "idx3-ubyte")
        labels_path = self._file(folder, f"{part}-labels", "idx1-ubyte")
        images = read_idx(images_path, dimensions=3)
        labels = read_idx(labels_path, dimensions=1)
        if len(images) != len(labels):
            raise DataError(
                f"{images_path.name} has {len(images)} images but {labels_path.name} has {len(labels)} labels; "
                "they do not belong together"
            )
        return images, labels.astype(np.int64)

    def _file(self, folder: Path, stem: str, ending: str) -> Path:
        for separator in "-.":
            for compression in (".gz", ""):
                path = folder / f"{stem}{separator}{ending}{compression}"
                if path.is_file():
                    return path
        raise DataError(
            f"{folder} has no {stem}-{ending}.gz; give a folder with the four IDX files of a data set, "
            "of .npy files, or of images by class"
        )


class NotebookPickle:
    """The one file that the notebook reads."""

    what = "a mnist.pkl.gz"
    takes: Collection[str] = ()

    def recognises(self, path: Path) -> bool:
        return path.is_file()

    def read(self, path: Path, options: DataOptions) -> Found:
        training, validation, test = read_notebook_pickle(path)
        return Found(training, validation, test, str(path), is_encoded=True)


def source_of(path: Path) -> Source:
    """Return the first source that recognises what is at a path.  Raises DataError if that cannot be looked at."""
    with _readable(path):
        return next(source for source in SOURCES.values() if source.recognises(path))


def check_options(path: Path, names: Collection[str]) -> None:
    """Raise DataError for an option that has no meaning for what is at a path."""
    source = source_of(path)
    for name in names:
        if name not in source.takes:
            option = name.replace("_", "-")
            raise DataError(f"{path} is {source.what}, for which --{option} has no meaning; leave --{option} out")


def read(path: Path, options: DataOptions) -> Found:
    """Return what is at a path, by the first source that recognises it.  Raises DataError, also for useless options."""
    source = source_of(path)
    check_options(path, options.given)
    files = [part for part in ("test", "validation") if isinstance(getattr(options, part), Path)]
    if files and not isinstance(source, TableFile):
        raise DataError(f"{path} is {source.what}, for which --{files[0]} is a share; give one, or a table")
    with _readable(path):
        return source.read(path, options)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Raise DataError for what the system refuses: a folder that we may not enter, say."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{path} cannot be read: {reason}; give a file, or a folder that you may enter") from None


SOURCES: dict[str, Source] = {
    "table": TableFile(),
    "npz": NpzFile(),
    "npy": NpyFile(),
    "npy-folder": NpyFolder(),
    "image-folder": ImageFolder(),
    "idx": IdxFolder(),
    "notebook-pickle": NotebookPickle(),
}
