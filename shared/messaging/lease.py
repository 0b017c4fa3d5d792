"""A lease: what a Celery task carries, as JSON."""

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Self, get_type_hints

from shared.config import TrainConfig
from shared.environment import Kernels
from shared.errors import ConfigError, MessageError, VersionError
from shared.messaging.keys import is_name
from shared.messaging.seals import Key, key_of
from shared.messaging.stamps import digest_of, stamped, unstamped
from shared.strategies import LocalSGD
from shared.typed import typed

LEASE_TASK = "gradmq.lease"  # the task's name
_ITS_OWN = ("number", "label", "secret")  # what one of a window's leases has, and not all


@dataclass(frozen=True)
class Lease:
    """One worker's part in a window, granted until that is over."""

    run: str
    incarnation: int
    config: TrainConfig
    samples: tuple[str, ...]  # digests of the data set's parts
    epoch: int
    first: int  # index in the epoch of the window's first step
    stop: int  # of the step after its last
    evaluations: int  # index of the epoch's first evaluation
    window: int  # its number in this incarnation of the run
    number: int  # of the lease in this incarnation of the run
    label: str  # which of how many, for people: 1/2
    excluded: tuple[str, ...]  # ids of the workers that get no work in this window
    kernels: Kernels  # the coordinator's
    secret: str = field(repr=False)  # of which the key is made that its holder seals with: hexadecimal digits

    @property
    def description(self) -> str:
        """What a person reads of it."""
        what = "averages" if isinstance(self.config.strategy, LocalSGD) else "mini-batches"
        stop = min(self.stop, self.evaluations)
        parts = [f"{what} {self.first}–{stop - 1}"] if self.first < stop else []
        parts += ["evaluation"] if self.stop > stop else []
        return f"epoch {self.epoch}, {' and '.join(parts)}, lease {self.label}"

    @cached_property
    def terms(self) -> bytes:
        """A digest of all that the window's leases say alike, which decides what their holders compute."""
        return digest_of({name: value for name, value in self._fields().items() if name not in _ITS_OWN})

    @cached_property
    def key(self) -> Key:
        """The key that whoever holds this lease, as it is here, seals with."""
        return key_of(self.secret, self.terms)

    def to_json(self) -> dict[str, Any]:
        return stamped(self._fields())

    def _fields(self) -> dict[str, Any]:
        # The incarnation has 64 bits, more than every JSON reader keeps.
        return {
            **asdict(self),
            "config": self.config.to_json(),
            "incarnation": f"{self.incarnation:016x}",
            "kernels": self.kernels._asdict(),
        }

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Rebuild a lease.

        Raises VersionError for one that this GradMQ cannot work in, MessageError for a damaged one.
        """
        fields = unstamped(fields, "a lease is not as it was granted; it will be granted again")
        try:
            key_of(fields["secret"], b"")
        except (KeyError, TypeError, ValueError):
            raise MessageError("a lease has no secret; it will be granted again") from None
        try:
            for name, kind in _WRITTEN.items():
                typed(kind, fields[name])
            if not all(map(is_name, (fields["run"], *fields["samples"]))):
                raise MessageError("a lease names a run or samples that there cannot be; it is dropped")
            fields["excluded"], fields["samples"] = tuple(fields["excluded"]), tuple(fields["samples"])
            fields["incarnation"] = int(fields["incarnation"], 16)
            fields["kernels"] = Kernels(**fields["kernels"])
            fields["config"] = TrainConfig.from_json(fields["config"])
            return cls(**fields)
        # It is as it was granted, so it is not damaged.
        except (ConfigError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise VersionError.unknown_here(error) from None


# How the fields are written.
_WRITTEN: dict[str, Any] = {
    **get_type_hints(Lease),
    "incarnation": str,
    "config": dict[str, Any],
    "kernels": dict[str, str],
}
