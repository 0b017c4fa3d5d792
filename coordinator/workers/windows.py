"""A window: consecutive mini-batches for which the same leases are given out."""

from coordinator.gradients.retransmission import RetransmissionTimer
from coordinator.workers.leases import Leases
from shared.config import TrainConfig
from shared.messaging.client import Client
from shared.messaging.keys import LIFETIME, OVER_LIFETIME, WEIGHTS_LIFETIME, Keys
from shared.messaging.lease import Lease
from shared.messaging.records import Kind, Record
from shared.messaging.resp import encode
from shared.messaging.sockets import Item


class Window:
    """The current window of a life of a run."""

    def __init__(self, run: str, incarnation: int, config: TrainConfig, data_sha256: str, batches: int) -> None:
        """batches: mini-batches of an epoch."""
        self.number = -1
        self._run, self._incarnation, self._config, self._data = run, incarnation, config, data_sha256
        self._keys = Keys(run, incarnation)
        self._per_epoch = batches
        self._epoch, self._batches = -1, range(0)
        self.requests = ""  # key of the list of requests
        self.expire_requests: list[Item] = []

    def covers(self, epoch: int, batch: int) -> bool:
        return epoch == self._epoch and batch in self._batches

    def open(self, client: Client, leases: Leases, pace: RetransmissionTimer, epoch: int, batch: int) -> None:
        """End the current window and begin the next, with this mini-batch; if that fails, it is to be done again."""
        number = self.number + 1
        # Before the leases, because a lease that finds no weights takes its run for ended, and before the sign that the
        # old window is over, because only weights prove that.
        weights = Record(Kind.WEIGHTS, self._incarnation, number=number)
        client.set(self._keys.weights, weights.encode(), ex=WEIGHTS_LIFETIME)
        self.over(client)
        self.announce(client)
        self.number, self._epoch = number, epoch
        self._batches = range(batch, min(batch + pace.mini_batches, self._per_epoch))
        self.requests = self._keys.requests(number)
        self.expire_requests = encode("EXPIRE", self.requests, LIFETIME)
        lease = Lease(
            run=self._run,
            incarnation=self._incarnation,
            config=self._config,
            data_sha256=self._data,
            epoch=epoch,
            first=self._batches.start,
            stop=self._batches.stop,
            window=number,
            number=0,
            label="",
            excluded=(),
        )
        leases.open(lease, self._config.parts_per_step)

    def announce(self, client: Client) -> None:
        """Tell workers that sit in leases of an earlier life of the run that there is a new one."""
        client.set(self._keys.incarnation, self._incarnation, ex=LIFETIME)

    def over(self, client: Client) -> None:
        """Tell the leases of this window that it is over."""
        if self.number >= 0:
            client.rpush(self.requests, Record(Kind.OVER, self._incarnation, number=self.number).encode())
            client.expire(self.requests, OVER_LIFETIME)
