"""Do the contenders compute the same? Their weights after the same steps from the same weights, compared."""

from pathlib import Path

import numpy as np
from contenders.contender import JOBS, Array, first_weights
from lineup import CONTENDERS
from process import ContenderError, Process

STEPS = 100  # with local steps: that many, or the next more that end with an average
# float32 has 7 digits, and the order of additions differs from contender to contender, in every step.
TOLERANCE = 1e-4  # of the way that the weights have gone


def check(jobs: list[str], names: list[str], peers: str, folder: Path) -> int:
    """Print how far apart the contenders' weights are; return 1 if that is too far, else 0."""
    worst = 0.0
    print(f"difference of the weights after {STEPS} steps, relative to the way that they have gone")
    for job in jobs:
        first = first_weights(JOBS[job].sizes).astype(np.float64)
        expected: dict[str, Array] = {}
        for name in names:
            contender = CONTENDERS[name]
            other = contender.same_as
            if not other or name == other or job not in contender.jobs:
                continue
            try:
                if other not in expected:
                    expected[other] = weights(other, job, peers, folder)
                way = np.linalg.norm(expected[other] - first)
                difference = np.linalg.norm(weights(name, job, peers, folder) - expected[other]) / way
            except ContenderError as out:
                print(f"  job {job:6} {contender.label:35} {out}", flush=True)
                worst = np.inf if out.status == "crashed" else worst
                continue
            print(f"  job {job:6} {contender.label:35} {difference:.1e} from {CONTENDERS[other].label}", flush=True)
            worst = max(worst, difference)
    print("the same" if worst < TOLERANCE else f"NOT THE SAME: more than {TOLERANCE} apart, or crashed")
    return int(worst >= TOLERANCE)


def weights(name: str, job: str, peers: str, folder: Path) -> Array:
    """Return a contender's weights after the steps, as one vector in float64.  Raises ContenderError."""
    path = folder / f"{job}-{name}.npy"
    process = Process([*CONTENDERS[name].command(job, peers), "--save", str(path)], folder, f"{job}-{name}")
    process.take(STEPS, 100)
    process.end()
    if not path.exists():
        raise ContenderError("crashed", "saved no weights")
    return np.load(path).astype(np.float64)
