"""How weights come to a worker and gradients go: both sides, and which way each side takes.

`redis.py` and `shared_memory.py` hold both halves of their way; another way is one more such file, and a line here.
"""

from typing import Protocol

from shared.config import TrainConfig
from shared.messaging.keys import Keys
from shared.messaging.lease import Lease
from shared.messaging.records import Record
from shared.messaging.resp import Stream
from shared.messaging.seals import Key
from shared.messaging.sockets import Item
from shared.nn.parameters import Parameters
from shared.transport.codecs import codecs_of
from shared.transport.redis import RedisCoordinatorTransport, RedisWorkerTransport
from shared.transport.regions import SharedTensors
from shared.transport.shared_memory import SharedMemoryCoordinatorTransport, SharedMemoryWorkerTransport
from shared.types import Array


class CoordinatorTransport(Protocol):
    """The coordinator's half, for one incarnation of a run."""

    reply_bytes: int  # of a reply with its gradient behind it
    message_bytes: int  # of the memory that a reply is to be received in

    def load(self, parameters: Parameters) -> int:
        """Take the weights of a step; return the digest of what goes through Redis of them, 0 if nothing does.

        They must not change while they are published.
        """
        ...

    @property
    def weights_bytes(self) -> int:
        """How long the record of the loaded weights is, with what follows it in Redis."""
        ...

    def publish(self, record: Record) -> list[Item]:
        """Make the loaded weights available under their record; return the command, which Redis answers once."""
        ...

    def fits(self, reply: Record, size: int) -> bool:
        """Tell whether a reply that was received in so many bytes is as long as it must be, and says where it is."""
        ...

    def is_intact(self, reply: Record, message: Array, size: int) -> bool:
        """Tell whether the gradient of a reply that fits is the one of whose digest its record tells.

        What was written into shared memory is: nobody but its worker can have.  message, size: as for `content`.
        """
        ...

    def content(self, reply: Record, message: Array, size: int) -> Array:
        """Return the gradient that a reply brought which fits: in the message's memory, or where the worker wrote it.

        message: (message_bytes,) uint8 at least, of which the first `size` were received, and those are `reply`.
        The gradient is flat like `Parameters.flat`, of the run's dtype, and there until the step is over.
        """
        ...

    def share_with_strangers(self) -> int:
        """A worker does not share our memory: have the weights go through Redis, the loaded ones and all to come.

        Return their digest, 0 if they did already.
        """
        ...


class WorkerTransport(Protocol):
    """The worker's half, for one lease."""

    get: list[Item]  # the command whose answer `read` reads
    fetches: bool  # whether that answer has the weights, or only their record
    parameters: Parameters  # the weights that were read last

    def read(self, stream: Stream) -> tuple[Record | None, bool]:
        """Return the weights' record, None if there is none, and whether the weights themselves came too."""
        ...

    def is_intact(self, content: int) -> bool:
        """Tell whether the weights that were read last are those of that digest, or are in shared memory."""
        ...

    def reply(self, record: Record, gradient: Array, key: Key) -> tuple[Item, ...]:
        """Return what to send as the reply, sealed; a view in it is valid until the gradient changes."""
        ...


def coordinator_transport(
    keys: Keys, incarnation: int, config: TrainConfig, tensors: SharedTensors | None
) -> CoordinatorTransport:
    """Return the coordinator's half.  tensors: the memory that it shares with workers, if there is any."""
    if tensors is not None:
        return SharedMemoryCoordinatorTransport(tensors, incarnation, config, codecs_of(config), keys.weights)
    return RedisCoordinatorTransport(config, codecs_of(config), keys.weights)


def worker_transport(lease: Lease) -> WorkerTransport:
    """Return the worker's half for this lease: in memory if it shares that with the coordinator."""
    config, weights = lease.config, Keys(lease.run, lease.incarnation).weights
    shared = SharedMemoryWorkerTransport.of_this_process(lease.incarnation, config, codecs_of(config), weights)
    return shared or RedisWorkerTransport(config, codecs_of(config), weights)
