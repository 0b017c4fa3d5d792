"""Where the subject is run: other versions of NumPy, other BLAS, other processors. A new one is a line in `places`."""

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.anywhere import debian, wheels
from tests.anywhere.unavailable import UnavailableError, checked

SERIES = ("2.0", "2.1", "2.2", "2.3", "2.4")  # of NumPy; and the newest, whichever that is
NEWEST = "numpy>=2,<3"
PYTHONS = ("3.12", "3.13", "3.14")  # beside the one that runs this
# What OpenBLAS calls its kernels, and what it says then: some are the same, under the name that it found first.
KERNELS = {
    "SkylakeX": "SkylakeX",
    "Zen": "Zen|Haswell",
    "Haswell": "Haswell",
    "Sandybridge": "Sandybridge",
    "Nehalem": "Nehalem",
    "Prescott": "Prescott|Katmai",
}
ALL_SIMD = "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"  # as NumPy calls its loops above the baseline
MKL_KERNELS = ("AUTO", "AVX2", "COMPATIBLE")  # on processors of others than Intel the second may be the first
DEBIAN_BLAS = {"reference BLAS": "blas", "OpenBLAS": "openblas-pthread", "BLIS": "blis-pthread"}
# Processors, as QEMU calls them. It has no AVX-512. The last two have SVE, of unequal widths.
INTEL_AND_AMD = ("Nehalem", "SandyBridge", "Haswell", "EPYC-Milan")
ARM = ("cortex-a57", "neoverse-n1", "neoverse-v1", "a64fx")
OTHERS = {"riscv64": "", "ppc64el": "", "s390x": ", big-endian", "armhf": ", 32 bits", "i386": ", 32 bits"}


@dataclass
class Process:
    """How the subject is started: what stands before its file and after it, and what its environment has."""

    command: list[str]
    path: list[Path]  # of Python, beside the project's folder
    variables: dict[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)


@dataclass
class Place:
    """An environment, and how to make it."""

    name: str
    sign: str  # a pattern that the subject's description of its environment has, or it was not in this place
    make: Callable[[], Process]  # raises UnavailableError


class Maker:
    """Makes environments in a folder, and keeps there what they need."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def numpy(self, wanted: str = NEWEST, python: str = "", threads: int = 1, **variables: str) -> Process:
        """NumPy of the package index.  python: another Python's version, as 3.12."""
        interpreter = sys.executable
        if python:
            found = shutil.which(f"python{python}")
            if not found:
                raise UnavailableError(f"there is no python{python}")
            interpreter = checked(found, "-c", "import sys; print(sys.executable)").strip()
        version = python or ".".join(platform.python_version_tuple()[:2])
        package = wheels.installed(self._folder / f"{wanted}-python{version}", wanted, python=interpreter)
        return Process([interpreter], [package, self._threadpoolctl()], variables, [f"--threads={threads}"])

    def debian(self, processor: str, blas: str) -> Process:
        """Debian's Python and NumPy.  blas: a folder of its libraries."""
        tree = self._tree(processor)
        return self._debian(tree, processor, "", debian.libraries(tree, processor) / blas)

    def debian_and_wheel(self, processor: str, cpu: str = "") -> Process:
        """Debian's Python, and the newest NumPy of the package index with the BLAS that it brings.

        cpu: a model that QEMU emulates.
        """
        tree = self._tree(processor)
        version = (tree / "usr/bin/python3").readlink().name.removeprefix("python")
        options = wheels.of_processor(debian.PROCESSORS[processor][0], version)
        package = wheels.installed(self._folder / f"numpy-newest-{processor}", NEWEST, options=options)
        process = self._debian(tree, processor, cpu)
        process.path.insert(0, package)
        return process

    def mkl(self, kernels: str, threads: int = 1) -> Process:
        """Debian's NumPy on Intel's MKL.  kernels: which of them, in MKL's words."""
        tree = self._tree("amd64")
        lib = wheels.prefix(self._folder / "mkl", "mkl", "intel-openmp") / "lib"
        process = self._debian(tree, "amd64", "", self._as_blas("mkl-as-blas", next(lib.glob("libmkl_rt.so.*"))), lib)
        process.variables["MKL_CBWR"] = kernels
        process.arguments.append(f"--threads={threads}")
        return process

    def atlas(self) -> Process:
        """Debian's NumPy on the ATLAS of the Debian before."""
        tree = self._tree("amd64")
        older = debian.unpacked(self._folder / "atlas", "amd64", "libatlas3-base", suite=debian.OLDER, alone=True)
        libraries = debian.libraries(older, "amd64")
        return self._debian(tree, "amd64", "", libraries / "atlas", libraries)

    def _debian(self, tree: Path, processor: str, cpu: str, *first: Path) -> Process:
        if cpu or processor != debian.this_processor():
            qemu = debian.unpacked(self._folder / "qemu", debian.this_processor(), "qemu-user", alone=True)
            command = debian.emulated_python(qemu / "usr" / "bin", cpu, tree, processor, *first)
        else:
            command = debian.python(tree, processor, *first)
        return Process(command, [self._threadpoolctl()])

    def _tree(self, processor: str) -> Path:
        blis = ["libblis4-pthread"] if processor in ("amd64", "arm64") else []
        packages = ["python3-numpy", "libblas3", "liblapack3", "libopenblas0-pthread", *blis]
        try:
            return debian.unpacked(self._folder / processor, processor, *packages)
        except UnavailableError:
            return debian.unpacked(self._folder / processor, processor, *packages, suite=debian.TESTING)

    def _as_blas(self, name: str, library: Path) -> Path:
        """Return a folder in which the library has the name that Debian's NumPy asks for."""
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        link = folder / "libblas.so.3"
        link.unlink(missing_ok=True)
        link.symlink_to(library)
        return folder

    def _threadpoolctl(self) -> Path:
        return wheels.installed(self._folder / "threadpoolctl", "threadpoolctl>=3.5,<4")


def places(folder: Path) -> Iterator[Place]:
    """Yield all environments. What they need is kept in the folder."""
    make = Maker(folder)
    for series in SERIES:
        yield Place(f"NumPy {series}", f'"numpy": "{series}.', partial(make.numpy, f"numpy=={series}.*"))
    for python in PYTHONS:
        yield Place(f"Python {python}, newest NumPy", f'"python": "{python}.', partial(make.numpy, python=python))
    for kernel, sign in KERNELS.items():
        yield Place(f"OpenBLAS for {kernel}", sign, partial(make.numpy, OPENBLAS_CORETYPE=kernel))
    yield Place("two threads", '"threads": 2', partial(make.numpy, threads=2))
    yield Place("NumPy's loops without AVX", r'"simd": \[\]', partial(make.numpy, NPY_DISABLE_CPU_FEATURES=ALL_SIMD))

    for name, blas in DEBIAN_BLAS.items():
        yield Place(f"Debian's NumPy, {name}", f"{blas}/", partial(make.debian, "amd64", blas))
    yield Place("Debian's NumPy, ATLAS", "atlas", make.atlas)
    for kernels in MKL_KERNELS:
        yield Place(f"Debian's NumPy, MKL {kernels}", "mkl", partial(make.mkl, kernels))
    yield Place("Debian's NumPy, MKL, two threads", '"threads": 2.*mkl', partial(make.mkl, "AUTO", threads=2))

    yield Place("Debian's Python, newest NumPy", "x86_64", partial(make.debian_and_wheel, "amd64"))
    for cpu in INTEL_AND_AMD:
        yield Place(f"emulated x86-64 ({cpu}), newest NumPy", "x86_64", partial(make.debian_and_wheel, "amd64", cpu))
    for name, blas in DEBIAN_BLAS.items():
        yield Place(f"emulated ARM64, Debian's NumPy, {name}", f"{blas}/.*aarch64", partial(make.debian, "arm64", blas))
    for cpu in ARM:
        yield Place(f"emulated ARM64 ({cpu}), newest NumPy", "aarch64", partial(make.debian_and_wheel, "arm64", cpu))
    for processor, remark in OTHERS.items():
        name = f"emulated {processor}{remark}, Debian's NumPy, OpenBLAS"
        yield Place(name, "openblas-pthread/", partial(make.debian, processor, DEBIAN_BLAS["OpenBLAS"]))
