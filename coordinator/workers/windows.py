"""A window: consecutive steps of an epoch for which the same leases are given out."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.data.parts import Part
from shared.data.sampler import Step
from shared.environment import Kernels
from shared.messaging.client import Client
from shared.messaging.keys import LIFETIME, OVER_LIFETIME, WEIGHTS_LIFETIME, Keys
from shared.messaging.lease import Lease
from shared.messaging.records import RECORD_BYTES, Kind, Record
from shared.messaging.resp import PUSH_ANSWERS, push
from shared.messaging.sockets import Item

_SECONDS = 1.0  # that a window should last
_FIRST_STEPS = 100  # of the first window, before anything was measured


@dataclass(frozen=True)
class WindowLength:
    """How many steps a window has: a fixed number, or as many as take about a second."""

    fixed: int | None = None

    def steps(self, step_seconds: float | None) -> int:
        """Return the next window's length.  step_seconds: what a step takes; None: nothing was measured yet."""
        if self.fixed is not None:
            return self.fixed
        return _FIRST_STEPS if step_seconds is None else max(1, round(_SECONDS / step_seconds))


class Window:
    """The current window of an incarnation of a run, and its keys in Redis."""

    def __init__(
        self,
        run: str,
        incarnation: int,
        config: TrainConfig,
        data: Dataset,
        kernels: Kernels,
    ) -> None:
        """Begin before the first window, which covers nothing.  kernels: what the coordinator computes with."""
        self.number = -1
        self._run, self._incarnation, self._config = run, incarnation, config
        self._samples = tuple(data.part(part).sha256 for part in Part)
        self._sampler = config.sampler(len(data.training))
        self._kernels = kernels
        self._keys = Keys(run, incarnation)
        self._epoch, self._steps = -1, range(0)
        self.requests = ""  # key of the common list of requests
        self._own: dict[int, tuple[bytes, bytes]] = {}  # by lease: what a request becomes a command between

    def covers(self, step: Step) -> bool:
        """Tell whether this step is one of the window's."""
        return step.epoch == self._epoch and step.index in self._steps

    def open(self, client: Client, step: Step, length: int, excluded: Iterable[str]) -> Lease:
        """End the current window and begin the next with this step; return what its leases have in common.

        length: in steps, if the epoch has as many left, its evaluations included.  excluded: workers that get no work
        in this window.  Raises QueueError; the window then covers nothing, so that it is opened again.
        """
        number = self.number + 1
        self._steps = range(0)  # if this fails, the current window may be over, and covers nothing
        # Before the leases, because a lease that finds no weights takes its run for ended, and before the sign that the
        # old window is over, because only weights prove that.
        weights = Record(Kind.WEIGHTS, self._incarnation, number=number)
        client.set(self._keys.weights, weights.encode(), ex=WEIGHTS_LIFETIME)
        self.close(client)
        self.announce(client)
        self.number, self._epoch = number, step.epoch
        self._steps = range(step.index, min(step.index + length, self._sampler.numbers_per_epoch))
        self.requests = self._keys.requests(number)
        self._own.clear()
        return Lease(
            run=self._run,
            incarnation=self._incarnation,
            config=self._config,
            samples=self._samples,
            epoch=step.epoch,
            first=self._steps.start,
            stop=self._steps.stop,
            evaluations=self._sampler.steps_per_epoch,
            window=number,
            number=0,
            label="",
            excluded=tuple(excluded),
            kernels=self._kernels,
            secret="",
        )

    def push(self, requests: Iterable[tuple[Record, bytes, int | None]]) -> tuple[list[Item], int]:
        """Return the commands that put sealed requests into lists, and how many answers Redis gives.

        requests: the record, sealed, and whose own list is meant, by the lease; None: the common one, for whoever comes
        first.
        """
        commands, answers, of_anyone = list[Item](), 0, list[bytes]()
        for _, request, lease in requests:
            if lease is None:
                of_anyone.append(request)
            else:
                commands.append(self._push_own(lease, request))
                answers += PUSH_ANSWERS
        if of_anyone:
            commands += push(self.requests, *of_anyone)
            answers += PUSH_ANSWERS
        return commands, answers

    def _push_own(self, lease: int, request: bytes) -> bytes:
        around = self._own.get(lease)
        if around is None:  # put together once a window: encoding them takes 5 µs, which is much where leases are many
            key, its_place = self._keys.own_requests(self.number, lease), memoryview(bytes(RECORD_BYTES))
            before, _, *after = push(key, (its_place,))
            around = self._own[lease] = bytes(before), b"".join(after)
        return around[0] + request + around[1]

    def announce(self, client: Client) -> None:
        """Tell workers that hold leases of an earlier incarnation of the run that there is a new one."""
        client.set(self._keys.incarnation, self._incarnation, ex=LIFETIME)

    def close(self, client: Client) -> None:
        """Tell the workers that hold leases of this window that it is over; what each alone was asked for goes."""
        if self.number >= 0:
            client.rpush(self.requests, Record(Kind.OVER, self._incarnation, number=self.number).encode())
            client.expire(self.requests, OVER_LIFETIME)
            if self._own:
                client.delete(*(self._keys.own_requests(self.number, lease) for lease in self._own))
