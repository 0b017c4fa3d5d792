"""How many leases a window has."""

import pytest

from coordinator.workers.lease_count import LeaseCount


@pytest.mark.parametrize(("most", "workers", "count"), [(10, 4, 4), (10, 64, 10), (1, 2, 1), (10, 0, 1)])
def test_where_the_workers_are_known_there_is_one_for_each_that_can_be_busy(most, workers, count):
    leases = LeaseCount(most, workers)
    assert [leases.of_window(taken) for taken in (0, 1, 100)] == [count] * 3
    assert leases.more(count) == 0


@pytest.mark.parametrize(("taken", "count"), [(0, 2), (1, 2), (2, 3), (9, 10), (10, 10), (12, 10)])
def test_else_one_more_than_were_taken_is_for_whoever_may_have_come(taken, count):
    assert LeaseCount(10, None).of_window(taken) == count


def test_a_mini_batch_of_one_sample_needs_one_lease():
    assert LeaseCount(1, None).of_window(0) == 1


def test_when_all_are_taken_they_double_up_to_the_samples_of_a_mini_batch():
    leases = LeaseCount(10, None)
    counts = [leases.of_window(0)]
    while more := leases.more(counts[-1]):
        counts.append(counts[-1] + more)
    assert counts == [2, 4, 8, 10]


def test_64_workers_share_a_mini_batch_of_64_within_a_window():
    leases, count = LeaseCount(64, None), 2
    for _ in range(5):
        count += leases.more(count)
    assert count == 64
    assert leases.of_window(64) == 64
