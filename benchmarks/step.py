"""What a step of the notebook's job costs on local workers, beside the notebook's loop, and where the time goes.

The two run in turn, round by round, so that both meet the same machine; only their ratio is worth quoting.
"""

import time
from itertools import cycle

from benchmarks.cli import Parser
from benchmarks.harness import session, synchronous
from benchmarks.instruments import computing, redis_cpu, waiting
from benchmarks.jobs import NOTEBOOKS
from benchmarks.notebook_loop import NotebookLoop
from benchmarks.tables import figure, table
from benchmarks.turns import in_turn, turns_table
from shared.notebook.mnist_loader import load_data_wrapper


def main() -> None:
    parser = Parser("benchmarks.step", __doc__)
    parser.amount("--rounds", 10, 2, "how often each has its turn")
    parser.amount("--steps", 1000, 100, "of each in a round")
    parser.amount("--warm-up", 1.0, 0.2, "seconds before anything counts, once all workers are there")
    parser.amount("--workers", 2, 2, "processes that compute")
    parser.add_argument("--through-redis", action="store_true", help="the tensors, as with workers on other machines")
    options = parser.parse()

    pairs = list(load_data_wrapper()[0])
    size = NOTEBOOKS.mini_batch
    mini_batches = cycle([pairs[first : first + size] for first in range(0, len(pairs), size)])
    loop = NotebookLoop(NOTEBOOKS.sizes)

    def notebook() -> float:
        start = time.perf_counter()
        for _ in range(options.steps):
            loop.step(next(mini_batches), NOTEBOOKS.learning_rate)
        return (time.perf_counter() - start) * 1000 / float(options.steps)

    with session(synchronous(NOTEBOOKS), options.workers, through_redis=options.through_redis) as running:
        training = running.training
        training.warm_up(options.warm_up)
        columns = in_turn(
            options.rounds,
            {"the notebook's loop": notebook, "GradMQ": lambda: training.milliseconds(options.steps)},
        )
        # On its own, because measuring costs a little.
        count = options.rounds * options.steps
        with redis_cpu(running.cluster.redis_url) as redis, waiting(time.perf_counter) as waited:
            step = training.milliseconds(count)
        compute = computing(running.logs) * 1000

    print(turns_table("ms a step", columns, "the notebook's loop"))
    # An estimate: Redis and the workers also work while others do, so the rest is what is left at the least.
    wait, cpu = waited.value * 1000 / count, redis.value * 1000 / count
    parts = {
        "coordinator: encode, send, add, SGD step": step - wait,
        "a worker computes": compute,
        "Redis, CPU time": cpu,
        "the rest: sockets and wake-ups": max(0.0, wait - compute - cpu),
        "a step": step,
        "a worker waits for its next request": step - compute,
    }
    workers = f"{options.workers} worker{'s' * (options.workers > 1)}"
    print(table((f"where it goes, {workers}", "ms"), ((name, figure(value)) for name, value in parts.items())))


if __name__ == "__main__":
    main()
