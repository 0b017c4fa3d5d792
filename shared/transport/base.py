"""How weights come to a worker and gradients go: both sides, and which way each side takes.

`redis.py` and `shared_memory.py` hold both halves of their way; another way is one more such file, and a line here.
"""

from typing import Protocol

from shared.config import TrainConfig
from shared.messaging.client import Client
from shared.messaging.keys import Keys
from shared.messaging.lease import Lease
from shared.messaging.records import Record
from shared.messaging.resp import Stream
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

    def publish(self, parameters: Parameters, record: Record) -> list[Item]:
        """Make the weights available under their record; return the command that says so, which Redis answers once.

        A view in it is valid until the weights change.
        """
        ...

    def fits(self, reply: Record, size: int) -> bool:
        """Tell whether a reply that was received in so many bytes is as long as it must be, and says where it is."""
        ...

    def content(self, reply: Record, message: Array, size: int) -> Array:
        """Return the gradient that a reply brought which fits: in the message's memory, or where the worker wrote it.

        message: (message_bytes,) uint8 at least, of which the first `size` were received, and those are `reply`.
        The gradient is flat like `Parameters.flat`, of the run's dtype, and there until the step is over.
        """
        ...

    def share_with_strangers(self, client: Client, parameters: Parameters, record: Record) -> bool:
        """A worker does not share our memory: have the weights go through Redis, these at once and all to come.

        Return whether they did not already.  Raises what `client` raises; it then counts as done, for the step that
        was disturbed is published again.
        """
        ...


class WorkerTransport(Protocol):
    """The worker's half, for one lease."""

    get: list[Item]  # the command whose answer `read` reads
    parameters: Parameters  # the weights that were read last

    def read(self, stream: Stream) -> tuple[Record | None, bool]:
        """Return the weights' record, None if there is none, and whether the weights themselves came too."""
        ...

    def reply(self, record: Record, gradient: Array) -> tuple[Item, ...]:
        """Return what to send as the reply; a view in it is valid until the gradient changes."""
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
