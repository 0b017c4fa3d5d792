"""Draw runs and faults until the hours are over, and write a report. Exit code 1 if anything was wrong."""

import argparse
import itertools
import random
import signal
import time
from pathlib import Path

from tests.chaos.soak import Soak
from tests.support.mnist import PROJECT


def main() -> int:
    """Play scenarios; each ends before the next begins, so that the last may take some minutes more than there are."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--only", type=int, help="play the scenario of this number alone")
    parser.add_argument("--report", type=Path, default=PROJECT / "build" / "soak.md")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing is left then either
    end = time.monotonic() + 3600 * options.hours
    soak = Soak(options.seed, options.report)
    for number in itertools.count() if options.only is None else [options.only]:
        soak.play(number)
        print(options.report.read_text().splitlines()[0].removeprefix("# "), flush=True)
        if time.monotonic() > end:
            break
    print(f"see {options.report}")
    return 1 if soak.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
