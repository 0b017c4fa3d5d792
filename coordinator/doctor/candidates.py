"""The kernels that this machine's BLAS and NumPy may have, and the variables that ask for them."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.environment import blas, numpy_simd

_CORE, _DISABLE = "OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES"
_X86 = ("SkylakeX", "Zen", "Haswell", "Sandybridge", "Nehalem", "Prescott")
_ARM = ("NEOVERSEV1", "NEOVERSEN1", "CORTEXA57", "ARMV8")
_ALIASES = {"katmai": "prescott"}  # the same kernels, and OpenBLAS tells the first of their names
_MOST_LEVELS = 4  # of NumPy's instruction sets; older versions name each of a dozen


@dataclass(frozen=True)
class Candidate:
    """Kernels that may be had by setting variables before NumPy is loaded."""

    label: str
    variables: Mapping[str, str] = field(default_factory=dict)
    core: str = ""  # by OpenBLAS's name; empty: as it chooses

    def is_had_by(self, architecture: str) -> bool:
        """Tell whether what OpenBLAS says that it uses is what was asked for."""
        found = architecture.lower()
        return not self.core or _ALIASES.get(found, found) == self.core.lower()


def candidates() -> list[Candidate]:
    """Return what is to be tried on this machine: as it is, each of its BLAS kernels, fewer and fewer of NumPy's loops.

    Last, both at once.
    """
    cores = _cores()
    levels = _levels(numpy_simd())
    found = [Candidate("as found"), *(Candidate(core, {_CORE: core}, core) for core in cores)]
    found += [Candidate(_without(level), _disabling(level)) for level in levels]
    if cores and levels:
        oldest, level = cores[-1], levels[-1]
        found.append(Candidate(f"{oldest}, {_without(level)}", {_CORE: oldest, **_disabling(level)}, oldest))
    return found


def _cores() -> Sequence[str]:
    if blas().get("internal_api") != "openblas":
        return ()  # others choose by themselves
    return _ARM if platform.machine().lower() in ("aarch64", "arm64") else _X86


def _levels(simd: Sequence[str]) -> list[Sequence[str]]:
    """Return which instruction sets to do without: the highest, ever more, at last all."""
    if not simd:
        return []
    starts = {len(simd) * part // _MOST_LEVELS for part in range(_MOST_LEVELS)}
    return [simd[start:] for start in sorted(starts, reverse=True)]


def _without(level: Sequence[str]) -> str:
    return f"NumPy without {level[0]}" + (" and above" if len(level) > 1 else "")


def _disabling(level: Sequence[str]) -> dict[str, str]:
    already = os.environ.get(_DISABLE, "")
    return {_DISABLE: " ".join([*already.replace(",", " ").split(), *level])}
