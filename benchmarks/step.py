"""What a step of the seed's job costs on local workers, beside the seed's loop, and where the time goes.

    python benchmarks/step.py [--rounds 10] [--steps 1000] [--workers 2] [--shards 2] [--wire]

The two run in turn, round by round, so that both meet the same machine; only their ratio is worth quoting.
"""

import argparse
import ast
import re
import select
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from seed_loop import SeedLoop
from threadpoolctl import threadpool_limits

from coordinator.cluster.embedded import embedded_cluster
from coordinator.gradients.remote import Exchange
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.data.dataset import DEFAULT_DATA, load_dataset
from shared.messaging.addresses import broker_url
from shared.messaging.client import client
from shared.messaging.sockets import Wire
from shared.notebook.mnist_loader import load_data_wrapper
from shared.data.sampler import epoch_order
from shared.parallel.sgd import initial_parameters, sgd_step

SIZES = (784, 30, 10)
MINI_BATCH = 10
ETA = 3.0
WARM_UP = 1500  # steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=1000, help="of each contender in a round")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--shards", type=int, default=2)
    parser.add_argument("--wire", action="store_true", help="tensors through Redis, as with workers on other machines")
    options = parser.parse_args()

    data = load_dataset(DEFAULT_DATA)
    config = TrainConfig(SIZES, 1000, MINI_BATCH, ETA, 0, options.shards, "float32")
    pairs = list(load_data_wrapper()[0])[: options.steps * MINI_BATCH]
    mini_batches = [pairs[first : first + MINI_BATCH] for first in range(0, len(pairs), MINI_BATCH)]
    seed_loop = SeedLoop(SIZES)

    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(embedded_cluster(options.workers, DEFAULT_DATA, logs, None))
        url = cluster.redis_url
        exchange = Exchange(
            *(url, broker_url(url), "benchmark", config, data.training, State.initial(config)),
            *(None, 0.0, cluster.tend, None if options.wire else cluster.shared_tensors(config)),
        )
        stack.callback(exchange.close)
        training = Training(exchange, config, len(data.training))

        training.milliseconds(WARM_UP)
        rounds = []
        for _ in range(options.rounds):
            start = time.perf_counter()
            for mini_batch in mini_batches:
                seed_loop.step(mini_batch, ETA)
            seed = (time.perf_counter() - start) * 1000 / options.steps
            ours = training.milliseconds(options.steps)
            rounds.append((seed, ours, ours / seed))

        # On its own, because measuring costs a little.
        with client(url) as server:
            redis_before = redis_cpu(server.info("cpu"))
            waited = measure_waiting()
            step = training.milliseconds(options.rounds * options.steps)
            per_step = 1 / (options.rounds * options.steps)
            waiting = sum(waited) * per_step
            redis_time = (redis_cpu(server.info("cpu")) - redis_before) * per_step
        computing = worker_computing(logs)

    print(f"milliseconds a step, {options.workers} workers, {options.shards} shards, {options.rounds} rounds")
    for name, column in zip(("seed loop", "GradMQ", "ratio"), zip(*rounds, strict=True), strict=True):
        print(f"  {name:10} median {statistics.median(column):.3f}   {min(column):.3f} to {max(column):.3f}")
    # An estimate: Redis and the workers also work while others do, so the rest is what is left at the least.
    print(f"where the {step:.3f} ms of a step go (the workers compute at the same time)")
    print(f"  coordinator: encode, send, add, SGD step   {step - waiting:.3f}")
    print(f"  a worker computes                          {computing:.3f}")
    print(f"  Redis, CPU time                            {redis_time:.3f}")
    print(f"  the rest: wire and wake-ups                {max(0.0, waiting - computing - redis_time):.3f}")
    print(f"and so long a worker waits for its next request {step - computing:.3f}")


class Training:
    """An endless run of the seed's job."""

    def __init__(self, exchange: Exchange, config: TrainConfig, n_samples: int) -> None:
        self._exchange, self._config, self._n_samples = exchange, config, n_samples
        self.parameters = initial_parameters(SIZES, 0, config.dtype)
        self.after_step = lambda: None
        self._position = 0

    def milliseconds(self, steps: int) -> float:
        """Take that many steps; return the mean time of one."""
        start = time.perf_counter()
        for _ in range(steps):
            epoch, batch = divmod(self._position, self._config.steps_per_epoch(self._n_samples))
            order = epoch_order(self._config.seed, epoch, self._n_samples)
            rows = order[batch * MINI_BATCH : (batch + 1) * MINI_BATCH]
            gradient, n_samples = self._exchange.gradient(self.parameters, epoch, batch, rows)
            sgd_step(self.parameters, gradient, ETA, n_samples)
            self._position += 1
            self.after_step()
        return (time.perf_counter() - start) * 1000 / steps


def measure_waiting() -> list[float]:
    """Have every receive of this process noted from now on: milliseconds until there was something to read."""
    waited: list[float] = []
    wait = Wire._wait

    def timed(wire: Wire, ready: select.poll) -> None:
        start = time.perf_counter()
        wait(wire, ready)
        waited.append((time.perf_counter() - start) * 1000)

    Wire._wait = timed  # type: ignore[method-assign]
    return waited


def redis_cpu(info: Any) -> float:
    """Return the CPU time that Redis has used, in milliseconds."""
    return (float(info["used_cpu_user"]) + float(info["used_cpu_sys"])) * 1000


def worker_computing(logs: Path) -> float:
    """Return what a request costs a worker, in milliseconds, from the results of all seats."""
    done = [
        ast.literal_eval(text)
        for log in logs.glob("worker*.log")
        for text in re.findall(r"succeeded in .*: (\{.*\})", log.read_text())
    ]
    return float(sum(result["seconds_computing"] for result in done) * 1000 / sum(result["steps"] for result in done))


if __name__ == "__main__":
    main()
