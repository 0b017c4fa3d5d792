"""Train the same networks in many environments, and compare the fingerprints. What is printed is a table in Markdown.

Exit code 1 if any differs or fails, or if the negative control is the same everywhere.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from tests.anywhere import subject
from tests.anywhere.environments import Place, Process, places
from tests.anywhere.unavailable import UnavailableError

PROJECT = Path(__file__).parents[2]
PATIENCE = 1800  # seconds; an emulated processor takes one or two minutes
# These would choose kernels for environments that are to choose by themselves, or another Python's modules.
_CHOICES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NPY_DISABLE_CPU_FEATURES", "PYTHONHOME", "VIRTUAL_ENV")
_making = Lock()  # places share what they are made of


class Outcome(NamedTuple):
    """What came of a place."""

    tried: bool
    same: bool = False  # the expected bits
    numpy: str = ""
    blas: str = ""
    says: str = ""
    control: str = ""


def main() -> int:
    """Run the subject everywhere, in as many places at a time as there are processors."""
    parser = argparse.ArgumentParser(prog="python -m tests.anywhere", description=__doc__)
    parser.add_argument("--only", default="", help="environments whose name has this pattern")
    only = re.compile(parser.parse_args().only)
    chosen = [place for place in places(PROJECT / "build" / "anywhere") if only.search(place.name)]
    outcomes = []
    print("| where | NumPy | BLAS | the same bits | control |\n|---|---|---|---|---|")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for place, outcome in zip(chosen, pool.map(visit, chosen), strict=True):
            outcomes.append(outcome)
            print(f"| {place.name} | {' | '.join(outcome[2:])} |", flush=True)
    tried = [outcome for outcome in outcomes if outcome.tried]
    same = sum(outcome.same for outcome in tried)
    controls = {outcome.control for outcome in tried if outcome.control}
    print(f"\n{same} of {len(tried)} environments have the expected bits: {subject.EXPECTED}.")
    print(f"{len(outcomes) - len(tried)} were not tried.")
    print(f"The control, whose sums are rounded, has {len(controls)} fingerprints.")
    return 0 if same == len(tried) > 0 and (len(controls) > 1 or len(tried) == 1) else 1


def visit(place: Place) -> Outcome:
    """Run the subject there."""
    try:
        with _making:
            process = place.make()
        return run(process, place.sign)
    except UnavailableError as reason:
        return Outcome(False, says=f"not tried: {reason}")


def run(process: Process, sign: str) -> Outcome:
    """Run the subject.  sign: see `Place`.  Raises UnavailableError if it could not be run in such a place."""
    inherited = {name: value for name, value in os.environ.items() if name not in _CHOICES}
    path = os.pathsep.join(map(str, [*process.path, PROJECT]))
    try:
        done = subprocess.run(
            [*process.command, subject.__file__, *process.arguments],
            env={**inherited, "PYTHONPATH": path, "PYTHONNOUSERSITE": "1", **process.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"it takes more than {PATIENCE} s") from None
    if done.returncode == -signal.SIGILL:
        raise UnavailableError("this processor lacks the instructions")
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if re.match(r"(Original error|\w*Error)\b.*: ", line)]
        return Outcome(True, says=f"no: it ends with {done.returncode}, {' '.join(errors[-1:])}")
    found = json.loads(done.stdout)
    environment, fingerprints = found["environment"], found["fingerprints"]
    if not re.search(sign, json.dumps(environment)):
        raise UnavailableError(
            f"it has {environment['blas']}, Python {environment['python']}, NumPy {environment['numpy']}"
        )
    same = fingerprints == subject.EXPECTED
    says = "yes" if same else f"no: {fingerprints}, cuts {found['cuts']}"
    known = not environment["blas"].startswith("BLAS")
    blas = environment["blas" if known else "libraries"]
    return Outcome(True, same, environment["numpy"], blas, says, found["control"])


if __name__ == "__main__":
    sys.exit(main())
