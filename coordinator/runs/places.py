"""On which machines a run was computed, and whether this one rounds like them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import NamedTuple, Self

from shared.config import TrainConfig
from shared.environment import Environment, Kernels, environment
from shared.fixed_problem import kernels_for


class Place(NamedTuple):
    """Where a coordinator computed a run, or a part of it."""

    environment: Environment
    digest: str  # of the fixed problem in the run's arithmetic, there

    @classmethod
    def here(cls, config: TrainConfig) -> Self:
        return cls(environment(), kernels_for(config).digest)

    @property
    def kernels(self) -> Kernels:
        return Kernels(self.digest, self.environment.kernels)

    def to_json(self) -> dict[str, str]:
        return {"fixed_problem": self.digest, **asdict(self.environment)}

    @classmethod
    def from_json(cls, fields: Mapping[str, str]) -> Self:
        """Rebuild a place; what another version has not written is unknown."""
        names = Environment.__dataclass_fields__
        found = Environment(**{name: fields.get(name, "unknown") for name in names})
        return cls(found, fields.get("fixed_problem", ""))

    def __str__(self) -> str:
        """Two lines for people."""
        where = self.environment
        return (
            f"{where.processor}, {where.platform}, Python {where.python}, GradMQ {where.gradmq}\n"
            f"  by {where.kernels}; fixed problem {self.kernels.short}"
        )


def foreign_rounding(places: list[Place], config: TrainConfig) -> str:
    """Return how this machine rounds otherwise than one that a run was computed on; nothing if none does.

    In exact arithmetic all round alike.
    """
    here = Place.here(config)
    others = [place.environment.kernels for place in places if place.digest != here.digest]
    if config.any_order or not others:
        return ""
    return (
        f"this machine rounds otherwise than the one that the run was computed on: {here.environment.kernels} here, "
        f"{others[-1]} there"
    )
