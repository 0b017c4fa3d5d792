"""GradMQ itself: the training loop's own steps (`coordinator.train.steps`), with real workers on the embedded cluster.

`--workers 0` computes in this process, by the same shards. Checkpoints, evaluation and the progress bar are no part of
a step and are left out, as they are for all others.

With `--local-steps H --replicas R` it is another algorithm: R replicas take H steps each on their own, and then their
moves are averaged. What counts as a step is a mini-batch, on whichever replica, so the time of a step is to be compared
by samples a second; how well it learns is told by benchmarks/accuracy.py.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from contender import DATA, JOBS, first_weights, parser, serve
from threadpoolctl import threadpool_limits

from coordinator.cluster.embedded import embedded_cluster
from coordinator.gradients.in_process import Local
from coordinator.gradients.remote import Exchange
from coordinator.training.loop import GradientSource, steps
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.data.dataset import load_dataset
from shared.data.samples import LabelledSamples
from shared.messaging.addresses import broker_url
from shared.parallel.sharding import default_shards

ARRIVAL = 15.0  # seconds that we wait for all workers before the warm-up


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--local-steps", type=int, default=0, metavar="H", help="steps on its own in a request")
    arguments.add_argument("--replicas", type=int, default=1, metavar="R", help="how many take local steps")
    options = arguments.parse_args()
    job = JOBS[options.job]
    shards = 1 if options.local_steps else default_shards(job.mini_batch)
    algorithm = (options.local_steps, options.replicas)
    config = TrainConfig(job.sizes, 1_000_000, job.mini_batch, job.eta, 0, shards, "float32", *algorithm)
    training = load_dataset(DATA).training
    state = State.initial(config)
    state.parameters.flat[...] = first_weights(job.sizes)
    expected = min(options.workers, config.parts_per_step)  # if there are more, some have nothing to do
    whole_steps = len(training) // config.samples_per_step

    with threadpool_limits(1), gradient_source(options, config, training, state) as source:
        epoch: Iterator[int] = iter(())
        owed = 0  # mini-batches that were asked for and not computed; below 0: computed beforehand

        def take(count: int) -> None:
            nonlocal epoch, owed
            owed += count
            while owed > 0:
                if state.batch == whole_steps:
                    state.next_epoch()
                if state.batch == 0:
                    epoch = steps(config, training, source, state)
                next(epoch)
                owed -= config.mini_batches_per_step

        start = time.monotonic()
        while not options.save and source.workers < expected and time.monotonic() - start < ARRIVAL:
            take(10)
        serve(options, take, lambda: state.parameters.flat)


@contextmanager
def gradient_source(
    options: argparse.Namespace, config: TrainConfig, training: LabelledSamples, state: State
) -> Iterator[GradientSource]:
    """Give what computes the gradients, as `gradmq train` would."""
    if options.workers == 0:
        yield Local(config, training, state.ledger)
        return
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(embedded_cluster(options.workers, DATA, logs, None))
        url = cluster.redis_url
        exchange = Exchange(
            *(url, broker_url(url), "benchmark", config, training, state),
            *(None, 0.0, cluster.tend, cluster.shared_tensors(config)),
        )
        stack.callback(exchange.close)
        yield exchange


if __name__ == "__main__":
    main()
