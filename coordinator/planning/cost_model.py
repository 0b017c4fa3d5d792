"""A small model of how long a step takes with so many workers, before anybody rents them.

A step has r requests, each for a block of units (samples, shards or replicas: `shared.parallel.strategy`), and the
busiest worker answers ceil(r / W) of them. w is the bytes of the weights, g those of every gradient.

    step    = publish + out + ceil(r / W) * (compute + turn) + back + the step itself
    publish = coordinator and Redis: so much a step, and a byte of w
    out     = pipeline(r; Redis, link)                       the weights, to whoever takes a request
    compute = a block's time on one core, measured on the spot (`profiler`)
    turn    = a worker's handling, for a message and a byte; waking up; the network's round trip
    back    = pipeline(r; link, Redis, coordinator)          the gradients; the coordinator adds them

    pipeline(r; stages) = sum(stages) + (r - 1) * max(stages): the first message goes through all stages, the others
                          come as fast as the slowest stage lets them; a stage takes so much a message, and a byte of it

A step with 0 workers is a block of all units and the step itself. Redis and the coordinator are taken to be on one
machine, whose link to the workers has a bandwidth, either way. Workers on that machine have the tensors in shared
memory, so that Redis carries records only; but they share its cores, and a core computes r / cores blocks at least.
"""

import math
from dataclasses import dataclass

from coordinator.planning.profiler import Profile
from shared.config import TrainConfig
from shared.parallel.sharding import block_width


@dataclass(frozen=True)
class Costs:
    """What communication costs, in seconds a message and seconds a byte."""

    step: float  # of the coordinator, whatever is requested
    step_byte: float  # of the coordinator: publishing the weights
    reply: float  # of the coordinator: a reply
    reply_byte: float  # taking and adding it
    redis_step: float
    redis: float  # a record, in one direction
    redis_byte: float  # in one direction
    worker: float  # a request and its reply
    worker_byte: float  # in one direction
    turn: float  # waking up for a request and its reply


# From benchmarks/scaling.py (results/scaling.md) on two cores of an AMD EPYC that others used too, with Redis on a unix
# socket. The coordinator's and redis_byte are fits to the cheapest of three runs, rounded; the runs differ by a third.
# The others are estimates: a record costs Redis too little for a fit (-2 to 18 us a request), and the workers' three
# are what is left of a step besides these CPU times, 0.1 to 0.4 ms with one worker on a small network, shared out by
# judgement. benchmarks/cost_model.py compares the forecasts with real runs (results/cost_model.md).
_REDIS = Costs(100e-6, 0.12e-9, 30e-6, 0.26e-9, 40e-6, 10e-6, 0.27e-9, 60e-6, 0.16e-9, 100e-6)
_SHARED_MEMORY = Costs(100e-6, 0.12e-9, 20e-6, 0.24e-9, 60e-6, 14e-6, 0.0, 60e-6, 0.2e-9, 100e-6)


@dataclass(frozen=True)
class Link:
    """What is between the workers and the machine of coordinator and Redis."""

    bandwidth: float  # bytes a second, either way
    rtt: float  # seconds


@dataclass(frozen=True)
class Forecast:
    """Where the seconds of a step go."""

    workers: int
    samples: int  # of a step
    compute: float
    link: float  # what the network adds: transfer, as far as others wait for it, and round trips
    host: float  # communication on an ideal network: coordinator, Redis, handing over

    @property
    def seconds(self) -> float:
        return self.compute + self.link + self.host

    @property
    def samples_per_second(self) -> float:
        return self.samples / self.seconds


class CostModel:
    """The model of one run."""

    def __init__(
        self, config: TrainConfig, profile: Profile, link: Link | None, cores: int, costs: Costs | None = None
    ) -> None:
        """link: None for workers on this machine, who share its cores.  costs: default: those that were measured."""
        self.config, self.profile, self.link, self.cores = config, profile, link, cores
        self._gradient_bytes = config.nbytes
        # In exact arithmetic weights travel as float32, whose bits they fit.
        self._weight_bytes = config.nbytes // 2 if config.any_order else config.nbytes
        self._costs = costs or (_SHARED_MEMORY if link is None else _REDIS)

    def forecast(self, workers: int) -> Forecast:
        """Return what a step takes with so many workers."""
        config, profile = self.config, self.profile
        samples, units = config.samples_per_step, config.shards_per_step
        if workers == 0:
            return Forecast(0, samples, profile.block(units) + profile.step, 0.0, 0.0)
        requests = min(workers, units) if config.strategy.divisible else -(-units // block_width(units, workers))
        busy = min(workers, requests)
        rounds = -(-requests // busy)
        block = profile.block(-(-units // requests))
        compute = block * max(rounds, self._crowding(requests))
        host = self._communication(requests, rounds, IDEAL)
        link = self._communication(requests, rounds, self.link) - host if self.link else 0.0
        return Forecast(workers, samples, compute, link, host)

    def local(self, replicas: int, local_steps: int) -> Forecast:
        """Return what a step takes if each of that many workers takes that many local steps first."""
        samples = replicas * local_steps * self.config.mini_batch_size
        compute = local_steps * self.profile.local_step * self._crowding(replicas)
        host = self._communication(replicas, 1, IDEAL)
        link = self._communication(replicas, 1, self.link) - host if self.link else 0.0
        return Forecast(replicas, samples, compute, link, host)

    def _crowding(self, requests: int) -> float:
        """Return how many requests a core has to compute, if workers share a machine's cores."""
        return max(1.0, requests / self.cores) if self.link is None else 1.0

    def _communication(self, requests: int, rounds: int, link: Link) -> float:
        """Return the seconds of all but the computing."""
        costs, weights, gradient = self._costs, self._weight_bytes, self._gradient_bytes
        publish = costs.step + costs.redis_step + (costs.step_byte + costs.redis_byte) * weights
        redis_out = costs.redis + costs.redis_byte * weights
        redis_in = costs.redis + 2 * costs.redis_byte * gradient  # in from the worker, and out to the coordinator
        coordinator = costs.reply + costs.reply_byte * gradient
        workers = rounds * (costs.worker + costs.worker_byte * (weights + gradient) + costs.turn + link.rtt)
        out = _pipeline(requests, redis_out, weights / link.bandwidth)
        back = _pipeline(requests, gradient / link.bandwidth, redis_in, coordinator)
        return publish + out + workers + back + self.profile.step


IDEAL = Link(math.inf, 0.0)  # nothing between the machines


def _pipeline(count: int, *stages: float) -> float:
    """Return the seconds until that many messages have passed all stages."""
    return sum(stages) + (count - 1) * max(stages)
