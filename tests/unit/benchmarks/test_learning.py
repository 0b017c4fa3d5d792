"""When a peer has reached the goal, and how that is told."""

import math

from benchmarks.learning import Progress, report
from benchmarks.peers.process import PeerError


def test_the_first_epoch_that_reaches_the_goal_counts():
    progress = Progress([2.0, 3.0, 4.0, 5.0], [98.0, 98.99, 99.0, 98.9])
    assert progress.until(99.0) == (9.0, 3)
    assert progress.until(98.0) == (2.0, 1)


def test_who_does_not_reach_the_goal_takes_forever():
    assert Progress([2.0, 3.0], [98.0, 98.9]).until(99.0) == (math.inf, 0)


def test_the_table_has_a_line_for_each_also_for_those_that_take_no_part():
    learned, slow = Progress([2.0, 3.0, 4.0], [98.0, 99.1, 99.25]), Progress([1.0, 1.0, 1.0], [97.0, 97.5, 98.6])
    text = report({"ddp": learned, "sklearn": slow, "torch": Progress(out=PeerError("skipped", "no torch"))}, 99.0)
    rows = {
        cells[1].strip(): [cell.strip() for cell in cells[2:-1]] for cells in (line.split("|") for line in lines(text))
    }
    assert rows["PyTorch DDP, gloo, 2 processes"] == ["3.00", "2.00 – 4.00", "5.00", "2", "99.25"]
    assert rows["scikit-learn, MLPClassifier"] == ["1.00", "1.00 – 1.00", "∞", "", "98.60"]
    assert rows["PyTorch, one process"][-1] == "skipped: no torch"


def lines(text):
    return [line for line in text.splitlines() if line.startswith("|")]
