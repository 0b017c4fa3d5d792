"""Do the peers compute the same? Their weights after the same steps from the same weights, compared."""

from pathlib import Path

import numpy as np

from benchmarks.jobs import JOBS
from benchmarks.peers.lineup import PEERS
from benchmarks.peers.process import PeerError, Process
from benchmarks.peers.programs.common import N_TRAINING, Array, first_weights

STEPS = {
    "sigmoid": 100,
    "relu": 30,  # later some are off for the one and on for the other, which soon makes percents of 1e-6
}


def compare(jobs: list[str], names: list[str], python: str, folder: Path) -> int:
    """Print how far apart the peers' weights are; return 1 if that is too far, else 0.

    float32 has 7 digits, and the order of additions differs from one to the next, in every step.
    """
    same = True
    print("difference of the weights after the same steps, relative to the way that they have gone")
    for job in jobs:
        print(f"  job {job:6} {steps_of(job)} steps")
        first = first_weights(JOBS[job]).astype(np.float64)
        expected: dict[str, Array] = {}
        for name in names:
            peer = PEERS[name]
            other = peer.twin(job)
            if not other or name == other or job not in peer.jobs:
                continue
            try:
                if other not in expected:
                    expected[other] = weights(other, job, python, folder)
                way = np.linalg.norm(expected[other] - first)
                difference = np.linalg.norm(weights(name, job, python, folder) - expected[other]) / way
            except PeerError as out:
                print(f"  job {job:6} {peer.label:35} {out}", flush=True)
                same = same and out.status != "crashed"
                continue
            near = bool(difference <= peer.within)  # nor is that true of what is no number
            too_far = "" if near else f", which is MORE THAN {peer.within:g}"
            print(f"  job {job:6} {peer.label:35} {difference:.1e} from {PEERS[other].label}{too_far}", flush=True)
            same = same and near
    print("the same" if same else "NOT THE SAME: too far apart, or crashed")
    return int(not same)


def steps_of(job: str) -> int:
    """Return how many steps are compared: at most half an epoch. Local ones end with an average, so may be more."""
    return min(STEPS[JOBS[job].activation], N_TRAINING // 2 // JOBS[job].mini_batch)


def weights(name: str, job: str, python: str, folder: Path) -> Array:
    """Return a peer's weights after the steps, as one vector in float64.  Raises PeerError."""
    path = folder / f"{job}-{name}.npy"
    process = Process([*PEERS[name].command(job, python), "--save", str(path)], folder, f"{job}-{name}")
    process.take(steps_of(job), 100)
    process.end()
    if not path.exists():
        raise PeerError("crashed", "saved no weights")
    loaded: Array = np.load(path).astype(np.float64)
    return loaded
