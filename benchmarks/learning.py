"""How soon GradMQ and its peers know 99 % of the test digits: seconds of an epoch, and until then.

Job (d), 784-1000-500-10 with ReLUs, softmax and Nesterov's momentum, freshly deformed digits in each epoch, a learning
rate that follows a cosine to the last epoch. All but scikit-learn begin with the same weights and have the same
deformed data in the same order. They take turns, an epoch each, in an order that changes; who is not at turn stands
still. The weights of each epoch are evaluated here, by the same code for all, outside of the seconds that count.
"""

import math
import random
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.cli import Parser, names_of
from benchmarks.harness import accuracy, native
from benchmarks.jobs import JOBS
from benchmarks.machine import machine
from benchmarks.peers.descendants import adopt_orphans, end_descendants
from benchmarks.peers.lineup import PEERS
from benchmarks.peers.process import PeerError, Process
from benchmarks.stopping import end_when_stopped
from benchmarks.tables import figure, median, spread, table, write
from shared.nn.arithmetic import one_thread
from shared.nn.parameters import Parameters

JOB = "d"
LEARNERS = ["sklearn", "torch", "ddp", "gradmq-2", "gradmq-2-native"]
_FIRST_GUESS = 0.5  # seconds a step, for the time-out of the first epoch


@dataclass
class Progress:
    """How a peer came on."""

    seconds: list[float] = field(default_factory=list)  # of each epoch
    accuracies: list[float] = field(default_factory=list)  # after each epoch, in percent
    out: PeerError | None = None  # why it takes part no more

    def until(self, goal: float) -> tuple[float, int]:
        """Return the seconds until the first epoch that ends with the goal reached, and how many epochs these are.

        Infinity and 0 if none does.
        """
        for number, reached in enumerate(self.accuracies, start=1):
            if reached >= goal:
                return sum(self.seconds[:number]), number
        return math.inf, 0


class Learner:
    """A peer that learns, and stands still but for its turns."""

    def __init__(self, name: str, epochs: int, python: str, folder: Path) -> None:
        self._saved = folder / f"{name}.npy"
        command = [*PEERS[name].command(JOB, python), "--epochs", str(epochs), "--save", str(self._saved)]
        self._process = Process(command, folder, name)
        self._process.stop()
        self._pace = _FIRST_GUESS

    def take(self, steps: int) -> tuple[float, float]:
        """Take an epoch's steps; return the seconds, and the accuracy afterwards in percent.  Raises PeerError."""
        self._process.go_on()
        seconds = self._process.take(steps, steps * self._pace)
        self._process.stop()
        self._pace = seconds / steps
        config = native(JOBS[JOB], shards=1)
        return seconds, accuracy(config, Parameters(config.sizes, np.float32, np.load(self._saved).astype(np.float32)))

    def end(self) -> None:
        self._process.end()


def main() -> None:
    parser = Parser("benchmarks.learning", __doc__, results="learning.md")
    able = {name: peer for name, peer in PEERS.items() if JOB in peer.jobs}
    parser.amount("--epochs", 10, 1, "of each")
    parser.amount("--steps", 250, 3, "of an epoch, which has 250")
    parser.amount("--goal", 99.0, 0.1, "percent of the test digits")
    parser.amount("--only", LEARNERS, LEARNERS, "these peers", type=names_of(able), metavar="NAME,…")
    parser.add_argument(
        "--python",
        default=sys.executable,
        help="of the environment of the other frameworks (peers/requirements.txt); default: this one",
    )
    options = parser.parse()

    end_when_stopped()
    adopt_orphans()
    where = machine(options.python)  # now, because somebody may commit while we measure
    progress = {name: Progress() for name in options.only}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        stack.callback(end_descendants)
        stack.enter_context(one_thread())
        learners: dict[str, Learner] = {}
        for name in progress:
            try:
                learners[name] = Learner(name, options.epochs, options.python, folder)
                stack.callback(learners[name].end)
            except PeerError as out:
                progress[name].out = out
        for epoch in range(options.epochs):
            for name in random.Random(epoch).sample(sorted(learners), len(learners)):
                try:
                    seconds, reached = learners[name].take(options.steps)
                except PeerError as out:
                    progress[name].out = out
                    del learners[name]
                    continue
                progress[name].seconds.append(seconds)
                progress[name].accuracies.append(reached)
                told = (
                    f"epoch {epoch + 1} of {options.epochs}, {PEERS[name].label}: {figure(seconds)} s, {reached:.2f} %"
                )
                print(told, file=sys.stderr, flush=True)
    text = report(progress, options.goal)
    print(text)
    write(text, options.results, "learning.md", where)


def report(progress: dict[str, Progress], goal: float) -> str:
    """Return the table, and what it is of."""
    rows = []
    for name, each in progress.items():
        if each.out is not None:
            rows.append([PEERS[name].label, *[""] * 4, str(each.out)])
            continue
        seconds, epochs = each.until(goal)
        rows.append(
            [
                PEERS[name].label,
                median(each.seconds),
                spread(each.seconds),
                figure(seconds) if epochs else "∞",
                str(epochs) if epochs else "",
                f"{each.accuracies[-1]:.2f}",
            ]
        )
    heads = ("", "s an epoch, median", "min – max", f"s to {goal:g} %", "epochs", "test at the end, %")
    most = max((len(each.seconds) for each in progress.values()), default=0)
    return (
        f"**Job {JOB}**: {JOBS[JOB]}; {most} epoch{'s' * (most != 1)}, the learning rate follows a cosine; "
        f"{PEERS['sklearn'].label} without deformation\n\n{table(heads, rows)}"
    )


if __name__ == "__main__":
    main()
