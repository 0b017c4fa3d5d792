"""Who takes part, and how each is started."""

import sys
from dataclasses import dataclass

from benchmarks.jobs import JOBS, SIGMOIDS

REPLICAS = 2  # of those with local steps
ONE, TWO, EXACT, NATIVE, LOCAL = "one process", "two processes", "GradMQ", "GradMQ, native", "GradMQ, native, local SGD"


@dataclass(frozen=True)
class Peer:
    """One line of the table."""

    label: str
    program: str
    family: str  # for the plot's colours
    arguments: tuple[str, ...] = ()
    foreign: bool = False  # runs in an environment of its own
    jobs: tuple[str, ...] = tuple(JOBS)
    why_not: str = ""  # in the other jobs
    same_as: str = "numpy"  # who has the same weights after the same steps; empty: nobody (`twin` knows more)
    within: float = 1e-4  # so far apart, of the way that the weights have gone; 0: not by a bit

    def command(self, job: str, python: str) -> list[str]:
        """Return the command.  python: of the foreign peers' environment."""
        command = [python if self.foreign else sys.executable, "-m", f"benchmarks.peers.programs.{self.program}"]
        command += [job, *self.arguments]
        if self.family == LOCAL:
            command += ["--local-steps", str(JOBS[job].local_steps), "--replicas", str(REPLICAS)]
        return command

    def twin(self, job: str) -> str:
        """Return the name of who has the same weights after the same steps of a job; empty: nobody.

        Exact arithmetic rounds to 0 what a ReLU gives of the smallest sums, and then takes it to be off; for one in
        some ten thousand that is another derivative than elsewhere, and the gradient is half a percent apart. So
        there exact runs are compared with each other alone.
        """
        relus_on_grids = self.family == EXACT and self.within and JOBS[job].activation == "relu"
        return "" if relus_on_grids else self.same_as

    def unit(self, job: str) -> int:
        """Return of how many steps a turn's number has to be a multiple."""
        return JOBS[job].local_steps * REPLICAS if self.family == LOCAL else 1


def _gradmq(workers: int, family: str) -> Peer:
    how = family.removeprefix("GradMQ")
    arguments = ("--workers", str(workers), "--arithmetic", "exact" if family == EXACT else "native")
    return Peer(
        f"GradMQ, {workers} worker{'s' * (workers != 1)}{how}",
        "gradmq",
        family,
        arguments,
        jobs=tuple(SIGMOIDS if family == LOCAL else JOBS),
        why_not="measured with plain SGD alone",
        same_as={LOCAL: "gradmq-0-local", EXACT: "gradmq-0" if workers else "numpy"}.get(family, "numpy"),
        # Exact outputs are multiples of 2^-18, where float32 has 24 bits.
        within={EXACT: 0.0 if workers else 1e-3}.get(family, 1e-4),
    )


PEERS = {
    "notebook": Peer(
        *("the notebook's loop", "notebook", ONE),
        jobs=("a", "b"),
        why_not="a sample at a time, one step takes many seconds",
    ),
    "numpy": Peer("NumPy, vectorised", "numpy_vectorised", ONE),
    "sklearn": Peer("scikit-learn, MLPClassifier", "scikit_learn", ONE, foreign=True, same_as=""),
    "torch": Peer("PyTorch, one process", "torch_single", ONE, foreign=True),
    "ddp": Peer("PyTorch DDP, gloo, 2 processes", "torch_ddp", TWO, foreign=True),
    "ray": Peer(
        *("Ray, 2 actors", "ray_actors", TWO),
        foreign=True,
        jobs=tuple(SIGMOIDS),
        why_not="its program takes steps of plain SGD alone",
    ),
    **{f"gradmq-{workers}": _gradmq(workers, EXACT) for workers in (0, 1, 2, 4)},
    **{f"gradmq-{workers}-native": _gradmq(workers, NATIVE) for workers in (0, 1, 2, 4)},
    **{f"gradmq-{workers}-local": _gradmq(workers, LOCAL) for workers in (0, 1, 2, 4)},
}
QUICK = ["notebook", "numpy", "sklearn", "torch", "ddp", "ray", "gradmq-0", "gradmq-2"]
# Whose step is 1 in the table: the notebook's loop or NumPy; and the nearest other framework.
REFERENCES = {job: ("notebook" if job == "a" else "numpy", "ddp") for job in JOBS}
