"""What workers are called."""

import pytest

from coordinator.workers.roster import Roster
from shared.messaging.identities import worker_id


def test_a_worker_is_called_by_its_name_and_its_id():
    roster = Roster()
    worker = roster.introduced(7, "worker1@host", lease=3)
    assert worker == f"worker1@host:{worker_id(7)}"
    assert roster.called(7, lease=4) == worker
    assert (roster.knows(7), roster.knows(8)) == (True, False)


def test_two_of_one_name_are_two():
    roster = Roster()
    assert roster.introduced(7, "a", 0) != roster.introduced(8, "a", 0)


@pytest.mark.parametrize("name", ["", "unknown", "coordinator"])
def test_who_says_that_it_is_nobody_is_called_by_its_lease(name):
    assert Roster().introduced(7, name, 3) == f"lease 3:{worker_id(7)}"


def test_who_has_not_introduced_itself_is_called_by_its_lease():
    assert Roster().called(7, 3) == f"lease 3:{worker_id(7)}"


def test_those_are_known_who_have_introduced_themselves_lately():
    roster = Roster()
    roster.introduced(0, "honest", 0)
    for credential in range(1, 5000):
        roster.introduced(credential, "invented", 0)
        if credential % 500 == 0:
            roster.introduced(0, "honest", 0)
    assert roster.knows(0)
    assert len(roster._called) <= 4000
