"""What may be asked of a worker: nothing that takes more memory than there is.

Whoever may write to the broker can change what a lease asks for, or make one up. Here the least that it takes is
counted, so that nothing is refused that could be computed.
"""

from shared.config import TrainConfig
from shared.errors import TooLargeError
from shared.machine_memory import memory_bytes
from shared.nn.evaluation import CHUNK
from shared.strategies import LocalSGD

_A_LAYER = 2000  # bytes of what is remembered of a layer besides its numbers, at least
_GIB = 2**30


class Limits:
    """How many samples a pass through a run's network can be over at most, on this machine."""

    def __init__(self, config: TrainConfig) -> None:
        """Raises TooLargeError for a network too large for a pass over a single sample."""
        self._config, self._memory = config, memory_bytes()
        # Weights as passes take them, and their gradient.
        self._weights = 2 * config.nbytes + _A_LAYER * len(config.sizes)
        # Inputs; outputs and deltas of each layer; and what comes back to each but the last.
        numbers = config.sizes[0] + 2 * config.sizes[-1] + 3 * sum(config.sizes[1:-1])
        self._sample = numbers * config.numpy_dtype.itemsize
        self._most_samples = (self._memory - self._weights) // self._sample
        self._check(1)

    def check(self, n_samples: int, evaluates: bool = False) -> None:
        """Raise TooLargeError if these samples cannot be computed.

        evaluates: whether they are an evaluation's.
        """
        if n_samples > self._most_samples:  # else nothing needs to be found out
            self._check(min(n_samples, CHUNK if evaluates else self._at_once))

    def check_run(self, n_samples: int) -> None:
        """Raise TooLargeError if this machine alone cannot compute steps of a run of so many training samples."""
        self.check(min(n_samples, self._config.mini_batch_size))

    @property
    def _at_once(self) -> int:
        """Over how many of a step's samples a pass is at most."""
        config = self._config
        if isinstance(config.strategy, LocalSGD):
            return config.mini_batch_size
        return -(-config.mini_batch_size // (config.strategy.shards or 1))

    def _check(self, n_samples: int) -> None:
        if n_samples > self._most_samples:
            size = (self._weights + n_samples * self._sample) / _GIB
            raise TooLargeError(
                f"{n_samples} samples at once of a network of {sum(self._config.sizes)} neurons take {size:.3g} GiB "
                f"of memory at least, and {self._memory / _GIB:.3g} are here; choose smaller layers or mini-batches"
            )
