"""A folder of images as a source of samples: a folder for each class, which has its name."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from shared.data.array_files import PARTS
from shared.data.found import Found, Pair
from shared.data.options import DataOptions
from shared.data.parts import Part
from shared.data.pictures import ENDINGS, read_grey
from shared.errors import DataError
from shared.types import Array

_First = tuple[Path, tuple[int, int]] | None  # an image's file, its height and its width


class ImageFolder:
    """Folders of images, named by their class; or such folders in train, validation and test."""

    what = "a folder of images by class"
    takes = frozenset({"task", "test", "validation", "stratify", "image_size"})

    def recognises(self, path: Path) -> bool:
        return path.is_dir() and any(True for _ in _class_folders(path, deeper=True))

    def read(self, path: Path, options: DataOptions) -> Found:
        folders = {PARTS[each.name.lower()]: each for each in path.iterdir() if each.name.lower() in PARTS}
        folders = {part: each for part, each in folders.items() if any(True for _ in _class_folders(each))}
        folders = folders or {Part.TRAINING: path}
        if Part.TRAINING not in folders:
            raise DataError(f"{path} has images to test on alone; give a folder train beside them")
        if own := [part for part in folders if part and str(part) in options.given]:
            raise DataError(f"{path} has {own[0]} samples of its own; leave --{own[0]} out")
        first: _First = None
        pairs: dict[Part, Pair] = {}
        files: dict[Part, Array] = {}
        for part, folder in sorted(folders.items()):
            pairs[part], paths, first = _read(folder, options.image_size, first)
            files[part] = np.array([str(file.relative_to(path)) for file in paths])
        validation, test = pairs.get(Part.VALIDATION), pairs.get(Part.TEST)
        return Found(pairs[Part.TRAINING], validation, test, str(path), image_size=first and first[1], files=files)


def _class_folders(path: Path, deeper: bool = False) -> Iterator[Path]:
    """Yield the folders in which there are images, but for hidden ones; deeper: also those in folders of parts."""
    for folder in sorted(each for each in path.iterdir() if each.is_dir() and not each.name.startswith(".")):
        if any(True for _ in _images(folder)):
            yield folder
        elif deeper and folder.name.lower() in PARTS:
            yield from _class_folders(folder)


def _images(folder: Path) -> Iterator[Path]:
    """Yield the images in a folder, but for hidden files, which some systems leave beside each."""
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in ENDINGS and not file.name.startswith("."):
            yield file


def _read(path: Path, size: tuple[int, int] | None, first: _First) -> tuple[Pair, list[Path], _First]:
    """Return the images below a folder and the names of their classes, their files, and the first image of all.

    size: the one that they are scaled to; None: that of the first image, which all others must have.
    """
    images, labels, files = [], [], []
    for folder in _class_folders(path):
        for file in _images(folder):
            image = read_grey(file, size)
            first = first or (file, (image.shape[0], image.shape[1]))
            if image.shape != first[1]:
                (height, width), (h, w) = image.shape, first[1]
                raise DataError(
                    f"{file} has {height} x {width} pixels, and {first[0]} {h} x {w}; scale them all, like with "
                    f"--image-size {h},{w}"
                )
            images.append(image)
            labels.append(folder.name)
            files.append(file)
    return (np.stack(images), np.array(labels)), files, first
