"""GradMQ itself: the training loop's own steps, with real workers on the embedded cluster.

In native arithmetic a mini-batch has as many shards as `gradmq train` gives it. Checkpoints, evaluation and the
progress bar are no part of a step and are left out, as they are for all others.

With `--local-steps H --replicas R` it is another algorithm: R replicas take H steps each on their own, and then their
pseudo-gradients are averaged. What counts as a step is a mini-batch, on whichever replica, so the time of a step is to
be compared by samples a second; how well it learns is told by benchmarks.local_sgd.
"""

from contextlib import ExitStack

from benchmarks.harness import in_process, local, native, session, synchronous, with_cosine
from benchmarks.jobs import JOBS
from benchmarks.peers.programs.common import first_weights, parser, serve
from shared.parallel.sharding import default_shards


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--arithmetic", choices=("exact", "native"), default="exact")
    arguments.add_argument("--local-steps", type=int, default=0, metavar="H", help="steps on its own in a request")
    arguments.add_argument("--replicas", type=int, default=1, metavar="R", help="how many take local steps")
    options = arguments.parse_args()
    job = JOBS[options.job]
    if options.local_steps:
        config = local(job, options.local_steps, options.replicas)
    elif options.arithmetic == "native":
        config = native(job, default_shards(job.mini_batch) if options.workers else 1)
    else:
        config = synchronous(job)
    if options.epochs:
        config = with_cosine(config, options.epochs)
    mini_batches = options.local_steps * options.replicas or 1  # of a step of the coordinator's
    first = first_weights(job)
    with ExitStack() as stack:
        if options.workers:
            training = stack.enter_context(session(config, options.workers, first=first)).training
        else:
            training = stack.enter_context(in_process(config, first))
        training.warm_up(0)
        owed = 0  # mini-batches that were asked for and not computed; below 0: computed beforehand

        def take(count: int) -> None:
            nonlocal owed
            owed += count
            steps = max(0, -(-owed // mini_batches))
            training.take(steps)
            owed -= steps * mini_batches

        serve(options, take, lambda: training.parameters.flat)


if __name__ == "__main__":
    main()
