"""Disks so small that they can be filled."""

import shutil
import tempfile
from pathlib import Path

from tests.support import command

_SIZE = 8  # MiB


def may_mount() -> bool:
    """Tell whether this process has the right to mount a disk."""
    with tempfile.TemporaryDirectory() as folder:
        return _mount(Path(folder)) and command.run("umount", folder).returncode == 0


def put_on_a_small_disk(folder: Path) -> None:
    """Have a folder, with all that is in it, on a disk of its own."""
    before = folder.with_name(f"{folder.name}-before")
    folder.rename(before)
    folder.mkdir()
    assert _mount(folder), "there was the right to mount a disk, and now there is none"
    shutil.copytree(before, folder, dirs_exist_ok=True)
    shutil.rmtree(before)


def take_back(folder: Path) -> None:
    """Have the folder where it was, with what is in it."""
    content = folder.with_name(f"{folder.name}-after")
    shutil.copytree(folder, content)
    command.run("umount", "--lazy", folder)  # where something has failed, somebody may still write there
    shutil.rmtree(folder)
    content.rename(folder)


def _mount(folder: Path) -> bool:
    return command.run("mount", "-t", "tmpfs", "-o", f"size={_SIZE}m", "tmpfs", folder).returncode == 0


def fill(path: Path) -> None:
    """Write a file until nothing more fits, to the last byte."""
    with path.open("wb", buffering=0) as file:
        for size in (2**16, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
