"""Who takes part in bench.py, and how each is started."""

import sys
from dataclasses import dataclass
from pathlib import Path

from contenders.contender import JOBS

PROGRAMS = Path(__file__).parent / "contenders"
REPLICAS = 2  # of those with local steps
ONE, TWO, EXACT, LOCAL = "one process", "two processes", "GradMQ, exact", "GradMQ, local steps"


@dataclass(frozen=True)
class Contender:
    """One line of the table."""

    label: str
    program: str
    family: str  # for the plot's colours
    arguments: tuple[str, ...] = ()
    peer: bool = False  # runs in the peers' environment
    jobs: tuple[str, ...] = tuple(JOBS)
    why_not: str = ""  # in the other jobs
    same_as: str = "numpy"  # who has the same weights after the same steps; empty: nobody

    def command(self, job: str, peers: str) -> list[str]:
        """Return the command.  peers: the Python of their environment."""
        command = [peers if self.peer else sys.executable, str(PROGRAMS / f"{self.program}.py"), job, *self.arguments]
        if self.family == LOCAL:
            command += ["--local-steps", str(JOBS[job].local_steps), "--replicas", str(REPLICAS)]
        return command

    def unit(self, job: str) -> int:
        """Return of how many steps a turn's number has to be a multiple."""
        return JOBS[job].local_steps * REPLICAS if self.family == LOCAL else 1


def _gradmq(workers: int, local: bool) -> Contender:
    label = f"GradMQ, {workers} worker{'s' * (workers != 1)}{', local steps' * local}"
    arguments = ("--workers", str(workers))
    if local:
        return Contender(label, "gradmq", LOCAL, arguments, same_as="gradmq-0-local")
    return Contender(label, "gradmq", EXACT, arguments)


CONTENDERS = {
    "seed": Contender(
        *("the seed's loop", "seed", ONE),
        jobs=("a", "b"),
        why_not="a sample at a time, one step takes many seconds",
    ),
    "numpy": Contender("NumPy, vectorised", "numpy_vectorised", ONE),
    "sklearn": Contender("scikit-learn, MLPClassifier", "scikit_learn", ONE, peer=True, same_as=""),
    "torch": Contender("PyTorch, one process", "torch_single", ONE, peer=True),
    "ddp": Contender("PyTorch DDP, gloo, 2 processes", "torch_ddp", TWO, peer=True),
    "ray": Contender("Ray, 2 actors", "ray_actors", TWO, peer=True),
    **{f"gradmq-{workers}": _gradmq(workers, local=False) for workers in (0, 1, 2, 4)},
    **{f"gradmq-{workers}-local": _gradmq(workers, local=True) for workers in (0, 1, 2, 4)},
}
# Whose step is 1 in the table: the seed's loop where it takes part, else NumPy; and the nearest peer.
REFERENCES = {"a": ("seed", "ddp"), "b": ("numpy", "ddp"), "c512": ("numpy", "ddp"), "c2048": ("numpy", "ddp")}
