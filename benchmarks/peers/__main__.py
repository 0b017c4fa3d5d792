"""GradMQ and its peers side by side: the time of a step of SGD, and the memory it takes.

All peers of a job (lineup.py) are started, and then take turns, round by round, in an order that changes; who is not at
turn stands still, with all its processes. A turn begins with steps that do not count, and then takes about --seconds;
the first round does not count either. So all meet the same machine, and the ratios, which are the median of the rounds'
ratios, are worth more than the times. What is the same for all is told in programs/common.py, what is not in the files
beside it. Who has two processes or more may use both cores, who has one uses one. A step is one mini-batch, with local
steps too, on whichever replica. Memory is what each process had resident at its peak, added up: what processes share
counts for each.
"""

import argparse
import random
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.cli import Parser, names_of
from benchmarks.jobs import JOBS
from benchmarks.machine import machine
from benchmarks.peers.descendants import adopt_orphans, end_descendants
from benchmarks.peers.equivalence import compare
from benchmarks.peers.lineup import PEERS, QUICK
from benchmarks.peers.optimizers import compare_optimizers
from benchmarks.peers.process import PeerError, Process
from benchmarks.peers.report import markdown, write
from benchmarks.peers.results import Result, Results
from benchmarks.stopping import end_when_stopped

WARM_UP = 0.3  # of a turn's time, before it counts


def main() -> None:
    parser = Parser("benchmarks.peers", __doc__, results="peers.json (all), peers.md (the tables) and peers.png")
    parser.amount("--rounds", 5, 1, "of turns")
    parser.amount("--seconds", 0.8, 0.1, "of a turn")
    parser.amount("--jobs", [*JOBS], ["a"], "to measure", type=names_of(JOBS), metavar="NAME,…")
    parser.amount("--only", [*PEERS], QUICK, "these peers", type=names_of(PEERS), metavar="NAME,…")
    parser.add_argument(
        "--python",
        default=sys.executable,
        help="of the environment of the other frameworks (peers/requirements.txt); default: this one",
    )
    parser.add_argument("--check", action="store_true", help="only compare the weights after the same steps")
    options = parser.parse()

    end_when_stopped()
    adopt_orphans()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        stack.callback(end_descendants)
        if options.check:
            differ = compare_optimizers(options.python)
            sys.exit(differ or compare(options.jobs, options.only, options.python, folder))
        where = machine(options.python)  # now, because somebody may commit while we measure
        results = {job: run(job, options, folder) for job in options.jobs}
    print(markdown(results))
    tell_who_is_missing(results)
    if options.results is not None:
        write(results, where, options)
        say(f"written to {options.results}")


def run(job: str, options: argparse.Namespace, folder: Path) -> dict[str, Result]:
    """Let the peers of a job take turns; return how each did."""
    results = {name: Result() for name in options.only}
    with ExitStack() as stack:
        running: dict[str, Turns] = {}
        for name, result in results.items():
            say(f"job {job}: starting {name}")
            try:
                running[name] = Turns(name, job, options.python, folder)
                stack.callback(running[name].process.end)
            except PeerError as out:
                result.out(out)
        for number in range(-1, options.rounds):
            say(f"job {job}: round {number + 1} of {options.rounds}")
            for name in random.Random(number).sample(sorted(running), len(running)):
                try:
                    milliseconds = running[name].take(options.seconds)
                    if number >= 0:
                        results[name].milliseconds[number] = milliseconds
                except PeerError as out:
                    results[name].out(out)
                    del running[name]
        for name, turns in running.items():
            results[name].memory = turns.process.peaks
        say(f"job {job}: ending all")
    return results


class Turns:
    """A peer that has begun, and stands still but for its turns."""

    def __init__(self, name: str, job: str, python: str, folder: Path) -> None:
        peer = PEERS[name]
        if job not in peer.jobs:
            raise PeerError("skipped", peer.why_not)
        self.process = Process(peer.command(job, python), folder, f"{job}-{name}")
        self._unit = peer.unit(job)
        self._pace = self.process.take(self._unit, 60) / self._unit  # seconds a step
        self.process.stop()

    def take(self, seconds: float) -> float:
        """Take a turn of about so many seconds; return the milliseconds of a step."""
        self.process.go_on()
        self._work(WARM_UP * seconds)
        self._work(seconds)
        self.process.note_memory()
        self.process.stop()
        return self._pace * 1000

    def _work(self, seconds: float) -> None:
        steps = self._unit * max(1, round(seconds / self._pace / self._unit))
        self._pace = self.process.take(steps, steps * self._pace) / steps


def tell_who_is_missing(results: Results) -> None:
    """Say who took part in no job, and why."""
    for name in next(iter(results.values())):
        outs = [peers[name] for peers in results.values()]
        if all(each.status != "ok" for each in outs):
            say(f"left out: {PEERS[name].label}: {outs[0].why}")


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
