"""How far a run is: all that has to be kept to go on from here to the same bits."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coordinator.accounting import EpochCounts, Ledger
from shared.config import TrainConfig
from shared.nn.parameters import Parameters
from shared.parallel.sgd import initial_parameters

Array = NDArray[Any]


@dataclass
class State:
    """A run between two steps."""

    parameters: Parameters
    epoch: int = 0
    batch: int = 0  # mini-batches of the epoch that are done
    samples: int = 0  # of the epoch
    seconds: float = 0.0  # spent on the epoch in earlier lives of the coordinator
    ledger: Ledger = field(default_factory=Ledger)
    excluded: list[str] = field(default_factory=list)  # workers that get no more work in this run
    velocity: Array | None = None  # of the outer momentum, flat like the parameters

    @classmethod
    def initial(cls, config: TrainConfig) -> "State":
        parameters = initial_parameters(config.sizes, config.seed, config.dtype)
        return cls(parameters, velocity=np.zeros_like(parameters.flat) if config.outer_momentum else None)

    def copy(self) -> "State":
        """Return the state as it is now, which later steps do not change."""
        parameters = Parameters(self.parameters.sizes, self.parameters.dtype, self.parameters.flat.copy())
        ledger = Ledger(EpochCounts.from_json(self.ledger.counts.to_json()))
        velocity = None if self.velocity is None else self.velocity.copy()
        return replace(self, parameters=parameters, ledger=ledger, excluded=[*self.excluded], velocity=velocity)

    @property
    def trained(self) -> bool:
        return self.epoch > 0 or self.batch > 0

    def take_step(self, n_samples: int) -> None:
        """Count a step that was taken."""
        self.batch += 1
        self.samples += n_samples
        self.ledger.take_step()

    def next_epoch(self) -> EpochCounts:
        """Go on to the next epoch; return this one's counts."""
        self.epoch, self.batch, self.samples, self.seconds = self.epoch + 1, 0, 0, 0.0
        return self.ledger.close()
