"""How long a worker that lies seldom stays unnoticed under `--audit`, and how many wrong replies were used until then.

With lies in a share f of its replies and a share p of them checked, it is named after 1 / (f p) of its replies on the
average, and (1 - p) / p wrong ones have been used. That is compared with many draws of `Audit`, and with real runs: the
notebook's job on two workers, one of which lies.
"""

import logging
import os
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.cli import Parser
from benchmarks.harness import session, synchronous
from benchmarks.jobs import NOTEBOOKS
from benchmarks.lying import lies, lying
from benchmarks.tables import table
from coordinator.gradients.audit import Audit
from shared.training.liars import LiarsNamedError

WORKERS = 2
_LIAR = "worker1@"
_FIXED_PROBLEM = 100  # results of it at least, which must be right, or nobody is admitted


class Found(NamedTuple):
    """What came of one liar."""

    replies: int  # of it, until it was named
    used: int  # wrong ones before


def main() -> None:
    parser = Parser("benchmarks.liars", __doc__)
    parser.amount("--lies", 0.001, 0.02, "share of the liar's replies that are wrong")
    parser.amount("--audit", 0.01, 0.2, "share of the replies that are checked")
    parser.amount("--draws", 10_000, 100, "liars whose fate is drawn")
    parser.amount("--runs", 3, 1, "real ones")
    options = parser.parse()
    logging.getLogger("coordinator").setLevel(logging.CRITICAL)

    dice, audit = np.random.default_rng(), Audit(options.audit)
    drawn = [draw(dice, audit, options.lies) for _ in range(options.draws)]
    real = [run(options.lies, options.audit) for _ in range(options.runs)]
    expected = 1 / (options.lies * options.audit), (1 - options.audit) / options.audit
    print(
        table(
            (f"lies {options.lies:g}, audit {options.audit:g}", "replies until named", "wrong ones used", "liars"),
            [
                ("predicted, mean", *(f"{each:,.0f}" for each in expected), ""),
                *_rows("drawn", drawn),
                *_rows("real runs", real),
            ],
        )
    )


def draw(dice: np.random.Generator, audit: Audit, share: float) -> Found:
    """Return the fate of a liar by the audit's own draws.  share: of its replies that are wrong."""
    replies = used = 0
    while True:
        replies += int(dice.geometric(share))  # up to its next lie; what is right is of no interest
        if audit.draws():
            return Found(replies, used)
        used += 1


def run(share: float, audit: float) -> Found:
    """Train until the liar is named."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _environment(lying(Path(folder), _FIXED_PROBLEM, share)),
        session(synchronous(NOTEBOOKS), WORKERS, audit=audit) as running,
    ):
        training, replies, before = running.training, 0, 0
        while True:
            try:
                training.take(1)
            except LiarsNamedError:
                return Found(replies + before + 1, len(lies(Path(folder))) - 1)  # the last was not used
            answered = sum(each for name, each in training.answers().items() if name.startswith(_LIAR))
            replies, before = replies + (before if answered < before else 0), answered  # an epoch has its own count


@contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _rows(what: str, liars: list[Found]) -> Iterator[tuple[str, ...]]:
    for name, how in (("mean", statistics.mean), ("median", statistics.median)):
        figures = (f"{how(each):,.0f}" for each in zip(*liars, strict=True))
        yield f"{what}, {name}", *figures, f"{len(liars):,}"


if __name__ == "__main__":
    main()
