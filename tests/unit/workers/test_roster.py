"""What workers are called."""

import pytest

from coordinator.workers.roster import Roster
from shared.messaging.identities import worker_id


def introduced(roster: Roster, credential: int, name: str, lease: int = 0) -> str:
    worker = roster.called(credential, lease, name)
    roster.keep(credential, worker)
    return worker


def test_a_worker_is_called_by_its_name_and_its_id():
    roster = Roster()
    worker = introduced(roster, 7, "worker1@host", lease=3)
    assert worker == f"worker1@host:{worker_id(7)}"
    assert roster.called(7, lease=4) == worker
    assert (roster.knows(7), roster.knows(8)) == (True, False)


def test_two_of_one_name_are_two():
    roster = Roster()
    assert introduced(roster, 7, "a") != introduced(roster, 8, "a")


def test_a_worker_keeps_its_first_name():
    roster = Roster()
    first = introduced(roster, 7, "a")
    assert introduced(roster, 7, "b") == first


@pytest.mark.parametrize("name", ["", "unknown", "coordinator"])
def test_who_says_that_it_is_nobody_is_called_by_its_lease(name):
    assert Roster().called(7, 3, name) == f"lease 3:{worker_id(7)}"


def test_those_are_known_who_have_introduced_themselves_lately():
    roster = Roster()
    for credential in range(1, 10_000):
        introduced(roster, credential, "invented")
        if credential % 500 == 0:
            introduced(roster, 0, "honest")
    assert roster.knows(0)
    assert len(roster._called) <= 4000
