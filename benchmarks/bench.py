"""GradMQ and its peers side by side: the time of a step of SGD, and the memory it takes.

    python benchmarks/bench.py [--rounds 7] [--jobs a,b,c512,c2048] [--peers PYTHON] [--only NAME,...] [--seconds 1.0]
    python benchmarks/bench.py --check     instead: do all arrive at the same weights?

All contenders of a job (lineup.py) are started, and then take turns, round by round, in an order that changes; who is
not at turn stands still, with all its processes. A turn begins with steps that do not count, and then takes about
--seconds; the first round does not count either. So all meet the same machine, and the ratios, which are the median of
the rounds' ratios, are worth more than the times. What is the same for all is told in contenders/contender.py, what is
not in the files beside it. Who has two processes or more may use both cores, who has one uses one. A step is one
mini-batch, with local steps too, on whichever replica. Memory is what each process had resident at its peak, added up:
what processes share counts for each.

Writes bench.json (everything), bench.md (the table) and bench.png into benchmarks/results.
"""

import argparse
import random
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from check import check
from contenders.contender import JOBS
from lineup import CONTENDERS
from machine import machine
from process import ContenderError, Process, adopt_orphans, end_descendants
from report import RESULTS, Result, markdown, write

STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WARM_UP = 0.3  # of a turn's time, before it counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--jobs", type=names_of(JOBS), default=[*JOBS], help=",".join(JOBS))
    parser.add_argument("--peers", default="python3", metavar="PYTHON", help="of an environment with requirements.txt")
    parser.add_argument("--only", type=names_of(CONTENDERS), default=[*CONTENDERS], help=",".join(CONTENDERS))
    parser.add_argument("--seconds", type=float, default=1.0, help="of a turn")
    parser.add_argument("--check", action="store_true", help="compare the weights after the same steps")
    options = parser.parse_args()

    for number in STOP:
        signal.signal(number, stopped)
    adopt_orphans()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        stack.callback(end_descendants)
        if options.check:
            sys.exit(check(options.jobs, options.only, options.peers, folder))
        where = machine(options.peers)  # now, because somebody may commit while we measure
        results = {job: run(job, options, folder) for job in options.jobs}
    write(results, where, options)
    print(markdown(results))
    print(f"written to {RESULTS}", file=sys.stderr)


def stopped(number: int, _: object) -> None:
    """End, undisturbed by further signals, so that no contender is left."""
    for each in STOP:
        signal.signal(each, signal.SIG_IGN)
    say("stopped; ending all, nothing is written")
    sys.exit(128 + number)


def names_of(known: dict[str, object]):
    """Return a parser of a list of known names."""

    def parse(text: str) -> list[str]:
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"no {', '.join(unknown)}; there are {', '.join(known)}")
        return names

    return parse


def run(job: str, options: argparse.Namespace, folder: Path) -> dict[str, Result]:
    """Let the contenders of a job take turns; return how each did."""
    results = {name: Result() for name in options.only}
    with ExitStack() as stack:
        running = {}
        for name, result in results.items():
            say(f"job {job}: starting {name}")
            try:
                running[name] = Turns(name, job, options.peers, folder)
                stack.callback(running[name].process.end)
            except ContenderError as out:
                result.out(out)
        for number in range(-1, options.rounds):
            say(f"job {job}: round {number + 1} of {options.rounds}")
            for name in random.Random(number).sample(sorted(running), len(running)):
                try:
                    milliseconds = running[name].take(options.seconds)
                    if number >= 0:
                        results[name].milliseconds[number] = milliseconds
                except ContenderError as out:
                    results[name].out(out)
                    del running[name]
        for name, turns in running.items():
            results[name].memory = turns.process.peaks
        say(f"job {job}: ending all")
    return results


class Turns:
    """A contender that has begun, and stands still but for its turns."""

    def __init__(self, name: str, job: str, peers: str, folder: Path) -> None:
        contender = CONTENDERS[name]
        if job not in contender.jobs:
            raise ContenderError("skipped", contender.why_not)
        self.process = Process(contender.command(job, peers), folder, f"{job}-{name}")
        self._unit = contender.unit(job)
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


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
