"""The strategies that a run may be computed by, and their options: types, so that none can be combined wrongly."""

from dataclasses import dataclass
from typing import ClassVar

from shared.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class SyncSGD:
    """Every step is one mini-batch: the weights are those of one process, whoever computes the shards."""

    kind: ClassVar[str] = "sync-sgd"
    mini_batches_per_step: ClassVar[int] = 1

    # Contiguous, nearly equal slices of a mini-batch, in native arithmetic. In exact arithmetic it may be cut anywhere.
    shards: int | None = None

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        if self.shards is not None and self.shards < 1:
            raise ConfigError("shards", self.shards, "must be at least 1")

    @property
    def divisible(self) -> bool:
        """Whether a step may be cut anywhere."""
        return self.shards is None

    def shards_per_step(self, mini_batch_size: int) -> int:
        """Return among how many workers a step can be divided."""
        return mini_batch_size if self.shards is None else min(self.shards, mini_batch_size)

    @property
    def units(self) -> str:
        """What a step is divided into, for people."""
        return "samples" if self.shards is None else "shards"

    def __str__(self) -> str:
        return "synchronous SGD" + ("" if self.shards is None else f" in {self.shards} shards")


@dataclass(frozen=True, kw_only=True)
class LocalSGD:
    """Replicas of the weights take steps of their own, and then are averaged: another algorithm, with other weights."""

    kind: ClassVar[str] = "local-sgd"
    divisible: ClassVar[bool] = False
    units: ClassVar[str] = "replicas"

    local_steps: int  # that a replica takes on its own before the next average
    replicas: int = 2
    outer_momentum: float = 0.0  # of the mean pseudo-gradient of the replicas

    def __post_init__(self) -> None:
        """Raises ConfigError."""
        if self.local_steps < 1:
            raise ConfigError("local_steps", self.local_steps, "must be at least 1")
        if self.replicas < 1:
            raise ConfigError("replicas", self.replicas, "must be at least 1")
        if not 0 <= self.outer_momentum < 1:
            raise ConfigError("outer_momentum", self.outer_momentum, "must be at least 0 and below 1")

    @property
    def mini_batches_per_step(self) -> int:
        return self.local_steps * self.replicas

    def shards_per_step(self, mini_batch_size: int) -> int:
        """Return among how many workers a step can be divided: a shard is one replica's."""
        return self.replicas

    def __str__(self) -> str:
        momentum = f", outer momentum {self.outer_momentum:g}" if self.outer_momentum else ""
        return f"local SGD: {self.replicas} replicas average every {self.local_steps} steps{momentum}"


StrategyOptions = SyncSGD | LocalSGD
STRATEGIES: dict[str, type[StrategyOptions]] = {kind.kind: kind for kind in (SyncSGD, LocalSGD)}
