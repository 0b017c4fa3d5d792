"""Packages from Python's package index, each in a folder of its own."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.anywhere.unavailable import checked


def installed(folder: Path, package: str, python: str = sys.executable, options: Sequence[str] = ()) -> Path:
    """Return a folder with one package, for PYTHONPATH; it is kept, and filled once.

    python: the interpreter that it is for.  options: of pip. Raises UnavailableError.
    """
    return _filled(folder, python, "--only-binary=:all:", *options, package, "--target")


def prefix(folder: Path, *packages: str) -> Path:
    """Return a folder with the `lib` of packages that bring libraries and no Python. Raises UnavailableError."""
    return _filled(folder, sys.executable, "--ignore-installed", *packages, "--prefix")


def of_processor(machine: str, python: str) -> list[str]:
    """Return pip's options for Linux on another processor.  machine: aarch64, ….  python: its version, as 3.13."""
    systems = ("manylinux_2_28", "manylinux_2_27", "manylinux2014")
    # pip compares with the Python that runs it; wheels of the right version are of no other.
    return [
        "--ignore-requires-python",
        f"--python-version={python}",
        *(f"--platform={system}_{machine}" for system in systems),
    ]


def _filled(folder: Path, python: str, *arguments: str) -> Path:
    if not folder.is_dir():
        unfinished = folder.with_name(f"{folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps")
        checked(*pip, *arguments, unfinished)
        unfinished.rename(folder)
    return folder
