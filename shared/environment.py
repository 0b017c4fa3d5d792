"""What decides the bits on this machine: the versions, the kernels in use, the processor."""

import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_info

from gradmq._version import version

SHORT = 12  # characters of a digest that people compare
ALIKE = (  # what to do about machines that round otherwise
    "give both the same kernels (processor, NumPy, OPENBLAS_CORETYPE, NPY_DISABLE_CPU_FEATURES), or train with "
    "--arithmetic exact"
)
_NAMES = {"openblas": "OpenBLAS", "mkl": "MKL", "blis": "BLIS", "flexiblas": "FlexiBLAS"}
_CPUINFO = Path("/proc/cpuinfo")


class Kernels(NamedTuple):
    """What a machine computes with: two that give the same digest round alike."""

    digest: str  # of what it makes of the fixed problem, see `shared.fixed_problem`
    description: str  # for people, in a few words

    @property
    def short(self) -> str:
        """As much of the digest as people compare."""
        return self.digest[:SHORT]


@dataclass(frozen=True)
class Environment:
    """A machine and what is installed on it, in words for people."""

    gradmq: str  # version
    python: str  # version
    numpy: str  # version
    simd: str  # the highest of the instruction sets that NumPy has loops for, and uses here
    blas: str  # name, version, and the kernels in use
    processor: str
    platform: str

    @property
    def kernels(self) -> str:
        """What rounds here, in a few words."""
        return f"{self.blas}, NumPy {self.numpy} with {self.simd}"


@cache
def environment() -> Environment:
    """Return this machine's environment. Nothing of it changes while a process lives."""
    return Environment(
        gradmq=version(),
        python=platform.python_version(),
        numpy=np.__version__,
        simd=(numpy_simd() or ["its baseline"])[-1],
        blas=_blas(),
        processor=_processor(),
        platform=platform.platform(),
    )


def n_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def numpy_simd() -> list[str]:
    """Return the instruction sets above its baseline that NumPy uses on this machine, the highest last.

    Those that NPY_DISABLE_CPU_FEATURES names are left out; other versions of NumPy have other names for them.
    """
    found: Any = np.show_config(mode="dicts")  # type: ignore[call-overload, func-returns-value, unused-ignore]
    return [str(name) for name in found.get("SIMD Extensions", {}).get("found", ())]


def blas() -> dict[str, Any]:
    """Return what threadpoolctl tells of NumPy's BLAS; nothing of one that it does not know."""
    return next((dict(library) for library in threadpool_info() if library["user_api"] == "blas"), {})


def _blas() -> str:
    library = blas()
    if not library:
        built: Any = np.show_config(mode="dicts")  # type: ignore[call-overload, func-returns-value, unused-ignore]
        name = built.get("Build Dependencies", {}).get("blas", {}).get("name", "unknown")
        return f"BLAS {name}"
    api = library["internal_api"]
    parts = [_NAMES.get(api, api), library.get("version"), library.get("architecture")]
    return " ".join(str(part) for part in parts if part)


def _processor() -> str:
    """Return the processor's model, or on ARM its numbers of maker and model."""
    try:
        lines = [line.partition(":") for line in _CPUINFO.read_text().splitlines()]
    except OSError:
        lines = []
    found = {name.strip(): value.strip() for name, _, value in reversed(lines)}
    if "model name" in found:
        return found["model name"]
    if "CPU implementer" in found:
        return f"{platform.machine()}, implementer {found['CPU implementer']}, part {found.get('CPU part', 'unknown')}"
    return platform.machine()
