"""Computes the fixed problem with each of the kernels that a machine may have, a process each."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from coordinator.doctor.candidates import Candidate

_PACKAGES = Path(__file__).parents[2]  # where `coordinator` is, installed or not
_COMMAND = [sys.executable, "-m", "coordinator.doctor.subject"]
_AT_A_TIME = 2  # processes
_PATIENCE = 60.0  # seconds
_THREADS = {f"{name}_NUM_THREADS": "2" for name in ("OPENBLAS", "MKL", "BLIS", "OMP")}


@dataclass(frozen=True)
class Finding:
    """What came of a candidate."""

    candidate: Candidate
    digests: dict[int, dict[str, str]] = field(default_factory=dict)  # by threads, then by arithmetic and dtype
    trouble: str = ""  # why there are none


def examine(candidates: Sequence[Candidate]) -> Iterator[Finding]:
    """Yield what comes of each candidate, in their order."""
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        yield from pool.map(_examine, candidates)


def _examine(candidate: Candidate) -> Finding:
    environment = {**os.environ, **_THREADS, **candidate.variables}
    try:
        end = subprocess.run(
            _COMMAND,
            cwd=_PACKAGES,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return Finding(candidate, trouble=f"does not end within {_PATIENCE:g} s")
    if end.returncode < 0:
        return Finding(candidate, trouble=_crash(-end.returncode))
    if end.returncode:
        return Finding(candidate, trouble=f"cannot run: {(end.stderr.splitlines() or ['no reason given'])[-1]}")
    told = json.loads(end.stdout)
    if not candidate.is_had_by(told["architecture"]):
        return Finding(candidate, trouble=f"not available ({told['architecture']} is used instead)")
    return Finding(candidate, {int(threads): digests for threads, digests in told["digests"].items()})


def _crash(number: int) -> str:
    if number == signal.SIGILL:
        return "crashes (SIGILL): this processor lacks its instructions"
    return f"crashes ({signal.Signals(number).name})"
