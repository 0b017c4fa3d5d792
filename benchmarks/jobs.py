"""The jobs that are measured.  It needs nothing, because the peers' environment has nothing of ours."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """A network and how it is trained; what has a default is by default as in the notebook."""

    sizes: tuple[int, ...]
    mini_batch: int  # samples of a step
    local_steps: int = 0  # in a request, where local steps are taken; 0: they are not
    learning_rate: float = 3.0
    activation: str = "sigmoid"  # of the hidden layers
    output: str = "sigmoid"  # with the quadratic cost; softmax: with cross-entropy
    initializer: str = "normal"  # N(0, 1) for all; he: variance 2 / inputs of a layer, 1 / inputs of the last
    momentum: float = 0.0  # Nesterov's; 0: plain SGD
    standardize: tuple[float, float] | None = None  # mean and deviation that inputs are freed of
    augment: str = ""  # how images are deformed, as `gradmq train --augment` takes it

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.sizes))}, mini-batch {self.mini_batch:,}"


JOBS = {
    "a": Job((784, 30, 10), 10, local_steps=50),
    "b": Job((784, 100, 10), 100, local_steps=50),
    "c512": Job((784, 1000, 1000, 10), 512, local_steps=10),
    "c2048": Job((784, 1000, 1000, 10), 2048, local_steps=4),
    "d": Job(  # coordinator/recipes/mlp-1000-500.toml
        (784, 1000, 500, 10),
        200,
        learning_rate=0.07,
        activation="relu",
        output="softmax",
        initializer="he",
        momentum=0.9,
        standardize=(0.1307, 0.3081),
        augment="elastic=3.6,rotate=9,scale=0.12,shear=0.08,shift=0.5",
    ),
}
NOTEBOOKS = JOBS["a"]  # what the notebook trains
SIGMOIDS = [name for name, job in JOBS.items() if job.activation == "sigmoid"]  # trained as the notebook does, too
WARM_UP = 0.02  # where the learning rate follows a cosine, it grows in this share of the steps before
