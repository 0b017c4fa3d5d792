"""Where samples come from. A new kind of source is a class here and a line in `SOURCES`."""

from pathlib import Path
from typing import Protocol

import numpy as np

from shared.data.array_files import NpyFile, NpyFolder, NpzFile
from shared.data.idx import read_idx
from shared.data.image_folder import ImageFolder
from shared.data.notebook_pickle import read_notebook_pickle
from shared.data.options import DataOptions
from shared.data.planning import Found
from shared.data.table_files import TableFile
from shared.errors import DataError
from shared.types import Array


class Source(Protocol):
    """One way in which data sets are kept."""

    what: str  # with its article, for people

    def recognises(self, path: Path) -> bool:
        """Tell whether it should be this; the first source that says so reads it."""
        ...

    def read(self, path: Path, options: DataOptions) -> Found:
        """Return what is there.  Raises DataError, also for options that have no meaning for it."""
        ...


class IdxFolder:
    """A folder of four IDX files, as those of MNIST."""

    what = "a folder of IDX files"

    def recognises(self, path: Path) -> bool:
        return path.is_dir()

    def read(self, path: Path, options: DataOptions) -> Found:
        refuse_options(path, options, self.what)
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

    def recognises(self, path: Path) -> bool:
        return path.is_file()

    def read(self, path: Path, options: DataOptions) -> Found:
        refuse_options(path, options, self.what)
        training, validation, test = read_notebook_pickle(path)
        return Found(training, validation, test, str(path), is_encoded=True)


def refuse_options(path: Path, options: DataOptions, what: str) -> None:
    """Raise DataError for options that a data set with parts of its own, encoded, has no use for."""
    if options.given:
        name = options.given[0]
        raise DataError(f"{path} is {what}, whose samples are divided and encoded; leave --{name} out")


SOURCES: dict[str, Source] = {
    "table": TableFile(),
    "npz": NpzFile(),
    "npy": NpyFile(),
    "npy-folder": NpyFolder(),
    "image-folder": ImageFolder(),
    "idx": IdxFolder(),
    "notebook-pickle": NotebookPickle(),
}
