"""What decides the bits of a run, as one typed, frozen object."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from shared.errors import ConfigError
from shared.nn.parameters import Parameters
from shared.parallel.sgd import mini_batch_starts

DTYPES = ("float32", "float64")
_LARGEST = 2**29  # bytes of weights


@dataclass(frozen=True)
class TrainConfig:
    """The configuration of a run: with the data, it determines the trained weights to the last bit."""

    sizes: tuple[int, ...]  # neurons of each layer, inputs first
    epochs: int
    mini_batch_size: int  # samples
    eta: float  # learning rate, applied to the mean gradient
    seed: int  # of the weights and of every epoch's order
    shards: int  # slices of a mini-batch
    dtype: str  # of weights, gradients and all arithmetic
    local_steps: int = 0  # SGD steps that a replica takes on its own before the next average; 0: exact steps
    replicas: int = 1  # of the weights that take local steps
    outer_momentum: float = 0.0  # applied to the mean move of the replicas

    def __post_init__(self) -> None:
        """Check every option by itself. Raises ConfigError."""
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ConfigError(
                f"--sizes needs at least two layers of at least one neuron, got {join(self.sizes)}; "
                "for MNIST, give 784,30,10"
            )
        if self.epochs < 1:
            raise ConfigError(f"--epochs must be at least 1, got {self.epochs}")
        if self.mini_batch_size < 1:
            raise ConfigError(f"--mini-batch-size must be at least 1, got {self.mini_batch_size}")
        if not (math.isfinite(self.eta) and self.eta > 0):
            raise ConfigError(f"--eta must be a finite number above 0, got {self.eta}; the seed used 3.0")
        if not 0 <= self.seed < 2**64:
            raise ConfigError(f"--seed must be between 0 and 2^64 - 1, got {self.seed}")
        if self.shards < 1:
            raise ConfigError(f"--shards must be at least 1, got {self.shards}")
        if self.local_steps < 0:
            raise ConfigError(f"--local-steps must be 0 or more, got {self.local_steps}; 0 is exact SGD")
        if self.replicas < 1:
            raise ConfigError(f"--replicas must be at least 1, got {self.replicas}")
        if not 0 <= self.outer_momentum < 1:
            raise ConfigError(f"--outer-momentum must be at least 0 and below 1, got {self.outer_momentum}")
        if not self.local_steps and (self.replicas > 1 or self.outer_momentum):
            raise ConfigError("--replicas and --outer-momentum go with --local-steps; give how many")
        if self.local_steps and self.shards > 1:
            raise ConfigError(f"--shards {self.shards} goes with exact steps; a replica takes its local steps alone")
        if self.dtype not in DTYPES:
            raise ConfigError(f"--dtype must be float32 or float64, got {self.dtype}")
        nbytes = Parameters.count(self.sizes) * self.numpy_dtype.itemsize
        if nbytes > _LARGEST:
            # Redis refuses a string of more than 512 MB, and weights and gradients are one string each.
            raise ConfigError(
                f"--sizes {join(self.sizes)} makes {nbytes // 2**20} MiB of weights; "
                "the exchange carries up to 512, so choose smaller layers"
            )

    def check_data(self, n_samples: int, n_inputs: int, n_classes: int) -> None:
        """Check that the configuration fits the training data. Raises ConfigError."""
        if self.sizes[0] != n_inputs:
            raise ConfigError(
                f"the first of --sizes {join(self.sizes)} must be {n_inputs}, the number of inputs in the data"
            )
        if self.sizes[-1] != n_classes:
            raise ConfigError(
                f"the last of --sizes {join(self.sizes)} must be {n_classes}, the number of classes in the data"
            )
        if (self.replicas - 1) * self.local_steps * self.mini_batch_size >= n_samples:
            most = -(-n_samples // (self.local_steps * self.mini_batch_size))
            raise ConfigError(
                f"--replicas {self.replicas} is more than the {most} that share {n_samples} training samples "
                f"when each takes {self.local_steps} steps; give fewer, or fewer --local-steps"
            )
        if self.mini_batch_size > n_samples:
            raise ConfigError(
                f"--mini-batch-size {self.mini_batch_size} is more than the {n_samples} training samples; give less"
            )

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """The dtype as NumPy's."""
        return np.dtype(self.dtype)

    @property
    def mini_batches_per_step(self) -> int:
        """How many mini-batches the coordinator's steps consist of."""
        return self.local_steps * self.replicas or 1

    @property
    def samples_per_step(self) -> int:
        return self.mini_batch_size * self.mini_batches_per_step

    @property
    def parts_per_step(self) -> int:
        """Into how many parts a step can be divided among workers."""
        return self.replicas if self.local_steps else min(self.shards, self.mini_batch_size)

    @property
    def algorithm(self) -> str:
        """What a person should know of how the weights are found."""
        if not self.local_steps:
            return f"exact SGD in {self.shards} shards"
        momentum = f", outer momentum {self.outer_momentum:g}" if self.outer_momentum else ""
        return f"local SGD: {self.replicas} replicas average every {self.local_steps} steps{momentum}"

    def steps_per_epoch(self, n_samples: int) -> int:
        """Return how many steps of the coordinator's an epoch has: one a mini-batch, or fewer with local steps."""
        return len(mini_batch_starts(n_samples, self.samples_per_step))

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes."""
        return {**asdict(self), "sizes": list(self.sizes)}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "TrainConfig":
        """Rebuild a configuration. Raises ConfigError or TypeError for fields that are none."""
        return cls(**{**fields, "sizes": tuple(fields["sizes"])})


def join(sizes: tuple[int, ...]) -> str:
    """Return sizes as the command line takes them: 784,30,10."""
    return ",".join(map(str, sizes))
