"""The jobs that are measured.  It needs nothing, because the peers' environment has nothing of ours."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """A network and how it is trained."""

    sizes: tuple[int, ...]
    mini_batch: int  # samples of a step
    local_steps: int  # in a request, where local steps are taken
    learning_rate: float = 3.0

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.sizes))}, mini-batch {self.mini_batch:,}"


JOBS = {
    "a": Job((784, 30, 10), 10, local_steps=50),
    "b": Job((784, 100, 10), 100, local_steps=50),
    "c512": Job((784, 1000, 1000, 10), 512, local_steps=10),
    "c2048": Job((784, 1000, 1000, 10), 2048, local_steps=4),
}
NOTEBOOKS = JOBS["a"]  # what the notebook trains
