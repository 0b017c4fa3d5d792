"""Workers that find other weights than were sent."""

import pytest

from coordinator.workers.doubts import Doubts
from coordinator.workers.exclusions import Exclusions


@pytest.fixture
def doubts() -> Doubts:
    return Doubts(Exclusions([]))


def excluded(doubts: Doubts) -> list[str]:
    return doubts._exclusions.names


def test_who_finds_others_three_times_while_somebody_finds_them_right_gets_no_more_work(doubts, caplog):
    for _ in range(2):
        doubts.found_others("broken")
        doubts.found("honest")
        assert excluded(doubts) == []
    doubts.found_others("broken")
    assert excluded(doubts) == ["broken"]
    first, last = caplog.records
    assert (first.worker, last.worker) == ("broken", "broken")
    assert first.getMessage() == "did not find the weights that were sent; sending them again"
    assert "3 times in a row it did not find weights that others found" in last.getMessage()


def test_who_finds_them_in_between_begins_anew(doubts):
    for _ in range(10):
        for _ in range(2):
            doubts.found_others("unlucky")
            doubts.found("honest")
        doubts.found("unlucky")
    assert excluded(doubts) == []


def test_where_nobody_finds_them_nobody_is_to_blame(doubts, caplog):
    """They may be changed on their way, or where they are."""
    for _ in range(20):
        doubts.found_others("one")
        doubts.found_others("two")
    assert excluded(doubts) == []
    told = [(record.worker, record.getMessage()) for record in caplog.records if "in a row" in record.getMessage()]
    assert [worker for worker, _ in told] == ["one", "two"]
    assert "has not found the weights 10 times in a row" in told[0][1]


def test_any_number_of_workers_is_counted_in_little_memory(doubts):
    for number in range(5000):
        doubts.found_others(f"invented:{number}")
    assert len(doubts._in_row) <= 1000
    assert len(doubts._latest) <= 1000
