"""What `gradmq plan` prints."""

from dataclasses import replace

import pytest

from coordinator.planning.cost_model import CostModel, Link
from coordinator.planning.profiler import Profile
from coordinator.planning.report import report, table
from shared.config import TrainConfig
from shared.strategies import SyncSGD

SPEED = Profile(call=0.0, unit=0.010, step=0.0, mini_batch=0.160)  # seconds
SIXTEEN = TrainConfig(
    sizes=(784, 30, 10),
    epochs=1,
    mini_batch_size=160,
    learning_rate=3.0,
    arithmetic="native",
    strategy=SyncSGD(shards=16),
)


def workers(lines: list[str]) -> list[int]:
    return [int(line.split()[0]) for line in lines[1:]]


@pytest.mark.parametrize(
    ("most", "shown"),
    [(1, [0, 1]), (5, [0, 1, 2, 3, 4, 5]), (16, [0, 1, 2, 3, 4, 6, 8, 12, 16]), (256, [0, 1, 2, 3, 4, 6, 8, 12, 16])],
)
def test_the_table_has_powers_of_two_and_what_is_between_as_far_as_there_are_shards(most, shown):
    assert workers(table(CostModel(SIXTEEN, SPEED, None, cores=2), most)) == shown


def test_none_is_the_measure_of_the_others():
    row = table(CostModel(SIXTEEN, SPEED, None, cores=2), 1)[1].split()
    assert row == ["0", "160", "160", "0.00", "0.00", "1,000", "1.00"]


@pytest.mark.parametrize(
    ("link", "cores", "where"),
    [
        (None, 1, "all on this machine, 1 core"),
        (None, 2, "all on this machine, 2 cores"),
        (Link(125e6, 0.0005), 2, "workers on other machines, 1 Gbit/s, 0.5 ms"),
    ],
)
def test_the_first_line_says_what_was_asked_and_the_last_what_follows(link, cores, where):
    first, *_, last = report(CostModel(SIXTEEN, SPEED, link, cores), 4).splitlines()
    assert first == f"784,30,10, native float32, mini-batches of 160, synchronous SGD in 16 shards; {where}"
    assert "best" in last


@pytest.mark.parametrize(("share", "told"), [(1.0, False), (0.43, True)])
def test_a_busy_machine_is_told_of_at_the_end(share, told):
    text = report(CostModel(SIXTEEN, replace(SPEED, share=share), None, cores=2), 4)
    line = "This machine is busy: a process got 43% of a core. Times of computing are those of a core that has nothing"
    assert (line in text.splitlines()[-1]) is told
