"""Debian's packages of any processor, unpacked into a folder; nothing of the system changes, and root is not needed."""

import os
import shutil
from functools import cache
from pathlib import Path

from tests.anywhere.unavailable import UnavailableError, checked

SUITE, TESTING = "trixie", "forky"  # Debian 13, which has NumPy 2.2; and what is to follow it
OLDER = "bookworm"  # Debian 12, whose NumPy is older than 2.0, but which still has ATLAS
# What Debian and QEMU call a processor, and the folder of its libraries.
PROCESSORS = {
    "amd64": ("x86_64", "x86_64-linux-gnu"),
    "arm64": ("aarch64", "aarch64-linux-gnu"),
    "armhf": ("arm", "arm-linux-gnueabihf"),
    "i386": ("i386", "i386-linux-gnu"),
    "ppc64el": ("ppc64le", "powerpc64le-linux-gnu"),
    "riscv64": ("riscv64", "riscv64-linux-gnu"),
    "s390x": ("s390x", "s390x-linux-gnu"),
}
_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SOURCE = """\
Types: deb
URIs: {mirror}
Suites: {suite}
Components: main
Signed-By: {keys}
"""
# Lists, archives and what is installed (nothing) are the folder's own; the ways to the mirror are the machine's.
_SETTINGS = """\
APT::Architecture "{processor}";
APT::Architectures {{ "{processor}"; }};
APT::Sandbox::User "root";
Dir::State "{folder}";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}";
Dir::Etc::sourcelist "{folder}/debian.sources";
Dir::Etc::sourceparts "/dev/null";
"""


@cache
def this_processor() -> str:
    """Return the processor of this machine, as Debian calls it. Raises UnavailableError."""
    return checked("dpkg", "--print-architecture").strip()


@cache
def mirror() -> str:
    """Return the address of Debian's packages that this machine's apt is set up for. Raises UnavailableError."""
    addresses = checked("apt-get", "indextargets", "--format", "$(REPO_URI)", "Identifier: Packages").split()
    found = [address for address in addresses if address.rstrip("/").endswith("/debian")]
    if not found:
        raise UnavailableError("apt is set up for no mirror of Debian")
    if not _KEYS.exists():
        raise UnavailableError(f"there is no {_KEYS}")
    return found[0]


def unpacked(tree: Path, processor: str, *packages: str, suite: str = SUITE, alone: bool = False) -> Path:
    """Return the folder `tree`, filled with packages of the processor; it is kept, and filled once.

    alone: without the packages that these depend on. Raises UnavailableError.
    """
    if tree.is_dir():
        return tree
    unfinished, apt = tree.with_name(f"{tree.name}.unfinished"), tree.with_name(f"{tree.name}.apt")
    for folder in (unfinished, apt):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in (unfinished, apt / "lists/partial", apt / "archives/partial"):
        folder.mkdir(parents=True)
    (apt / "status").touch()
    (apt / "debian.sources").write_text(_SOURCE.format(mirror=mirror(), suite=suite, keys=_KEYS))
    (apt / "apt.conf").write_text(_SETTINGS.format(processor=processor, folder=apt))
    options = {"env": {**os.environ, "APT_CONFIG": str(apt / "apt.conf")}, "cwd": apt / "archives"}
    checked("apt-get", "update", **options)
    command = ["download"] if alone else ["install", "--yes", "--no-install-recommends", "--download-only"]
    checked("apt-get", *command, *packages, **options)
    for archive in (apt / "archives").glob("*.deb"):
        checked("dpkg-deb", "--extract", archive, unfinished)
    shutil.rmtree(apt)
    return unfinished.rename(tree)


def libraries(tree: Path, processor: str) -> Path:
    """Return the folder of an unpacked tree's libraries."""
    return tree / "usr" / "lib" / PROCESSORS[processor][1]


def python(tree: Path, processor: str, *first: Path) -> list[str]:
    """Return the command that starts an unpacked tree's Python, by the tree's own loader.

    first: folders to look for libraries in before the tree's own: of a BLAS.
    """
    usr, own = tree / "usr", libraries(tree, processor)
    loader = next(path for where in ("lib*/ld*.so.?", "lib/*/ld*.so.?") for path in usr.glob(where))
    path = ":".join(map(str, [*first, own / "lapack", own, usr / "lib"]))
    return [str(loader), "--library-path", path, str(usr / "bin" / "python3")]
