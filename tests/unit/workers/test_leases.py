"""The bookkeeping of a window's leases."""

import pytest

from coordinator.workers.leases import Leases
from shared.messaging.lease import Lease
from shared.messaging.seals import CoordinatorKeys
from tests.support.clock import Clock
from tests.support.leases import template


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def leases(clock) -> Leases:
    return Leases(CoordinatorKeys(), clock)


def send_all(leases: Leases) -> list[Lease]:
    """Send what is due; return it."""
    sent = []
    while (lease := leases.next_due()) is not None:
        leases.sent()
        sent.append(lease)
    return sent


def window_of(leases: Leases, count: int = 1, *excluded: str) -> list[int]:
    """Open a window and send its leases; return their numbers."""
    leases.open(template(*excluded), count)
    return [lease.number for lease in send_all(leases)]


def labels(sent: list[Lease]) -> list[str]:
    return [lease.label for lease in sent]


def queue_is_full() -> bool:
    return False


def queue_is_empty() -> bool:
    return True


def test_before_the_first_window_no_lease_is_due(leases):
    assert leases.next_due() is None
    assert (leases.taken, leases.expected, leases.excluded) == (0, 0, ())


def test_a_window_has_its_leases_sent_once_with_names_for_people(leases):
    leases.open(template(), 2)
    sent = send_all(leases)
    assert [(lease.number, lease.description) for lease in sent] == [
        (0, "epoch 3, mini-batches 500–999, lease 1/2"),
        (1, "epoch 3, mini-batches 500–999, lease 2/2"),
    ]
    assert send_all(leases) == []


def test_a_lease_that_could_not_be_sent_stays_due_under_its_number(leases):
    leases.open(template(), 2)
    assert leases.next_due() == leases.next_due()
    leases.sent()
    assert (leases.next_due().number, leases.next_due().label) == (1, "2/2")


def test_no_two_leases_of_an_incarnation_have_one_number(leases):
    assert window_of(leases, 2) + window_of(leases, 2) == [0, 1, 2, 3]


def test_who_takes_a_lease_works(leases):
    first, _ = window_of(leases, 2)
    leases.joined(first, "a")
    assert leases.working == ["a"]
    assert leases.taken == 1
    assert send_all(leases) == []


def test_a_lease_whose_worker_left_is_sent_again(leases):
    _, second = window_of(leases, 2)
    leases.joined(second, "a")
    leases.left(second, "a")
    assert leases.taken == 0
    assert labels(send_all(leases)) == ["2/2"]
    leases.left(second, "a")
    assert send_all(leases) == []


def test_a_message_about_a_lease_of_an_earlier_window_changes_nothing(leases):
    (old,) = window_of(leases)
    window_of(leases)
    leases.joined(old, "a")
    assert leases.heard(old, "a")
    leases.answered(old, "a")
    leases.left(old, "a")
    assert not leases.has(old)
    assert (leases.taken, leases.next_due()) == (0, None)


def test_a_sign_of_life_tells_that_somebody_works_even_if_the_word_that_it_has_joined_got_lost(leases):
    (number,) = window_of(leases)
    leases.heard(number, "lease 0:1d")
    assert leases.working == ["lease 0:1d"]
    leases.joined(number, "late:1d")
    assert leases.working == ["late:1d"]


def test_who_takes_and_leaves_a_lease_all_the_time_has_one_other_sent_and_no_more(leases):
    (number,) = window_of(leases)
    for _ in range(10):
        leases.heard(number, "fickle:1")
        leases.joined(number, "fickle:1")
        leases.left(number, "fickle:1")
    assert labels(send_all(leases)) == ["1/1"]


def test_all_leases_of_a_window_have_keys_however_many_there_are(leases):
    numbers = window_of(leases, 5000)
    assert len(numbers) == 5000
    assert all(leases._keys.of_lease(number) is not None for number in numbers)


def test_who_turns_up_in_a_lease_that_was_given_up_works(leases):
    """Its worker was killed before Celery noted that it had left."""
    (number,) = window_of(leases)
    leases.joined(number, "killed:1")
    leases.left(number, "killed:1")
    leases.joined(number, "other:2")
    assert leases.working == ["other:2"]
    assert labels(send_all(leases)) == ["1/1"]  # one too many does no harm


# Others than who holds a lease: it is delivered again when its worker was killed, and can be read by who has no right.


def test_while_its_holder_works_nobody_else_gets_a_lease(leases, clock):
    (number,) = window_of(leases)
    leases.joined(number, "honest:1")
    before = leases.changes
    for _ in range(20):
        clock.advance(0.5)
        leases.heard(number, "honest:1")
        leases.heard(number, "honest:2")
        leases.joined(number, "honest:2")
        leases.left(number, "honest:2")
    assert leases.working == ["honest:1"]
    assert (leases.changes, leases.next_due()) == (before, None)


def test_a_lease_that_is_delivered_again_is_its_new_holders_when_the_one_before_is_quiet(leases, clock):
    (number,) = window_of(leases)
    leases.joined(number, "killed:1")
    clock.advance(1.1)
    leases.heard(number, "other:2")
    leases.joined(number, "other:2")
    assert leases.working == ["other:2"]
    leases.left(number, "other:2")
    assert labels(send_all(leases)) == ["1/1"]


def test_who_gives_a_reply_that_counts_holds_the_lease(leases):
    (number,) = window_of(leases)
    leases.joined(number, "killed:1")
    leases.heard(number, "other:2")
    leases.answered(number, "other:2")
    assert leases.working == ["other:2"]
    leases.heard(number, "killed:1")  # it was not, after all
    assert leases.working == ["other:2"]


def test_few_are_listened_to_in_one_lease(leases, clock):
    """Who reads it in the queue could invent any number."""
    (number,) = window_of(leases)
    leases.joined(number, "honest:0")
    assert [leases.heard(number, f"invented:{each}") for each in range(1, 7)] == [True] * 3 + [False] * 3
    assert leases.heard(number, "honest:0")
    assert leases.heard(number, "invented:3")
    clock.advance(1.1)
    assert leases.heard(number, "other:9")  # one of the others is quiet, as who was killed is


def test_one_that_gets_no_work_cannot_have_a_lease_that_is_held_granted_again(leases):
    (number,) = window_of(leases, 1, "2")
    leases.joined(number, "honest:1")
    for _ in range(10):
        leases.heard(number, "liar:2")
        leases.joined(number, "liar:2")
    assert (leases.working, leases.next_due()) == (["honest:1"], None)


# Workers that get no work.


def test_a_paused_workers_lease_is_vacant_and_another_is_due(leases):
    (number,) = window_of(leases, 1, "slow")
    leases.joined(number, "slow")
    assert leases.taken == 0
    assert labels(send_all(leases)) == ["1/1"]
    leases.joined(number, "slow")
    leases.heard(number, "slow")
    assert (leases.taken, leases.next_due()) == (0, None)


def test_a_paused_worker_that_leaves_is_not_replaced_again(leases):
    (number,) = window_of(leases, 1, "slow")
    leases.joined(number, "slow")
    send_all(leases)
    leases.left(number, "slow")
    assert leases.next_due() is None


def test_who_was_paused_may_work_in_the_next_window(leases):
    (number,) = window_of(leases, 1, "slow")
    leases.joined(number, "slow")
    (number,) = window_of(leases)
    leases.joined(number, "slow")
    assert leases.working == ["slow"]


# Workers that are silent.


def test_a_silent_workers_lease_is_sent_to_another_once(leases, clock):
    first, second = window_of(leases, 2)
    leases.joined(first, "silent")
    clock.advance(1)
    asked = clock()
    leases.joined(second, "lively")
    assert leases.renew_silent(asked) == ["silent"]
    assert leases.working == ["lively"]
    assert leases.renew_silent(asked) == []
    assert labels(send_all(leases)) == ["1/2"]


def test_a_sign_of_life_keeps_a_lease(leases, clock):
    (number,) = window_of(leases)
    leases.joined(number, "a")
    clock.advance(1)
    leases.heard(number, "a")
    assert leases.renew_silent(clock()) == []
    assert leases.next_due() is None


def test_a_silent_worker_that_turns_up_works_on(leases, clock):
    (number,) = window_of(leases)
    leases.joined(number, "slow")
    clock.advance(1)
    leases.renew_silent(clock())
    assert leases.taken == 0
    leases.heard(number, "slow")
    assert leases.working == ["slow"]


def test_a_lease_that_waits_for_somebody_is_not_sent_once_more_for_a_silent_worker(leases, clock):
    (number,) = window_of(leases)
    leases.joined(number, "flaky")
    clock.advance(1)
    leases.renew_silent(clock())
    send_all(leases)
    leases.heard(number, "flaky")
    clock.advance(1)
    assert leases.renew_silent(clock()) == ["flaky"]
    assert leases.next_due() is None


def test_nobody_is_silent_in_a_lease_that_nobody_took(leases, clock):
    window_of(leases, 2)
    clock.advance(100)
    assert leases.renew_silent(clock()) == []
    assert leases.next_due() is None


# Leases that got lost.


def test_a_lease_that_is_in_no_queue_and_that_nobody_took_is_renewed_after_a_second(leases, clock):
    window_of(leases, 2)
    clock.advance(1)
    leases.renew_lost(queue_is_empty)
    assert leases.next_due() is None
    clock.advance(0.1)
    leases.renew_lost(queue_is_empty)
    assert labels(send_all(leases)) == ["1/2", "2/2"]


def test_only_the_leases_that_nobody_took_are_renewed(leases, clock):
    first, _ = window_of(leases, 2)
    leases.joined(first, "a")
    clock.advance(1.1)
    leases.renew_lost(queue_is_empty)
    assert labels(send_all(leases)) == ["2/2"]
    assert leases.working == ["a"]


def test_a_lease_that_waits_in_a_queue_is_renewed_after_ten_seconds_at_the_latest(leases, clock):
    window_of(leases)
    clock.advance(10)
    leases.renew_lost(queue_is_full)
    assert leases.next_due() is None
    clock.advance(1)
    leases.renew_lost(queue_is_full)
    assert labels(send_all(leases)) == ["1/1"]


def test_the_queue_is_asked_once_a_second_and_only_while_leases_wait(leases, clock):
    asked = []

    def ask() -> bool:
        asked.append(clock())
        return False

    (number,) = window_of(leases)
    leases.renew_lost(ask)
    for _ in range(50):
        clock.advance(0.1)
        leases.renew_lost(ask)
    assert 4 <= len(asked) <= 5
    leases.joined(number, "a")
    clock.advance(2)
    leases.renew_lost(ask)
    assert len(asked) <= 5


def test_the_wait_begins_with_the_lease_that_was_sent_last(leases, clock):
    first, _ = window_of(leases, 2)
    leases.joined(first, "a")
    clock.advance(0.9)
    leases.left(first, "a")
    send_all(leases)
    clock.advance(0.9)
    leases.renew_lost(queue_is_empty)
    assert leases.next_due() is None


def test_a_renewed_lease_is_not_renewed_at_once(leases, clock):
    window_of(leases)
    clock.advance(2)
    leases.renew_lost(queue_is_empty)
    assert len(send_all(leases)) == 1
    leases.renew_lost(queue_is_empty)
    clock.advance(0.9)
    leases.renew_lost(queue_is_empty)
    assert leases.next_due() is None


def test_a_queue_that_cannot_be_asked_leaves_all_as_it_is(leases, clock):
    window_of(leases)
    clock.advance(2)

    def fail() -> bool:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        leases.renew_lost(fail)
    assert leases.next_due() is None


def test_when_the_queue_is_lost_the_leases_that_nobody_took_are_renewed_at_once(leases):
    first, _ = window_of(leases, 2)
    leases.joined(first, "a")
    leases.renew_waiting()
    leases.renew_waiting()
    assert labels(send_all(leases)) == ["2/2"]


def test_a_worker_that_turns_up_with_a_lease_that_counted_as_lost_works(leases):
    (number,) = window_of(leases)
    leases.renew_waiting()
    (another,) = (lease.number for lease in send_all(leases))
    leases.joined(number, "a")
    leases.joined(another, "b")
    assert leases.working == ["a", "b"]


# How many workers a step is cut for.


def test_a_step_is_cut_for_the_workers_that_are_there(leases):
    first, second, _ = window_of(leases, 3)
    assert leases.expected == 0  # nobody is known
    leases.joined(first, "a")
    assert leases.expected == 1
    leases.joined(second, "b")
    assert leases.expected == 2


def test_workers_of_the_window_before_are_on_their_way_for_a_quarter_of_a_second(leases, clock):
    for number in window_of(leases, 3):
        leases.joined(number, f"worker{number}")
    first, *_ = window_of(leases, 3)
    assert leases.expected == 3
    leases.joined(first, "worker0")
    clock.advance(0.24)
    assert leases.expected == 3
    clock.advance(0.02)
    assert leases.expected == 1


def test_if_none_of_them_is_there_by_then_it_is_cut_for_them_all_the_same(leases, clock):
    for number in window_of(leases, 3):
        leases.joined(number, f"worker{number}")
    window_of(leases, 4)
    clock.advance(1)
    assert leases.expected == 3


def test_who_gets_no_work_is_not_on_its_way(leases):
    for number in window_of(leases, 3):
        leases.joined(number, f"worker{number}")
    window_of(leases, 3, "worker1")
    assert leases.expected == 2


def test_those_that_are_on_their_way_are_awaited_for_a_quarter_of_a_second(leases, clock):
    for number in window_of(leases, 2):
        leases.joined(number, f"worker{number}")
    assert not leases.awaits_workers
    first, _ = window_of(leases, 2)
    assert leases.awaits_workers
    leases.joined(first, "worker0")
    assert leases.awaits_workers
    clock.advance(0.26)
    assert not leases.awaits_workers
    window_of(leases, 2)
    assert leases.awaits_workers  # for the one that was there


def test_who_is_there_needs_no_longer_be_awaited(leases):
    leases.joined(*window_of(leases), "a")
    leases.joined(*window_of(leases), "a")
    assert not leases.awaits_workers


# Who holds which lease, and how many there are.


def test_holders_are_known_with_their_leases_as_they_come_and_go(leases, clock):
    first, second = window_of(leases, 2)
    leases.joined(second, "b")
    leases.joined(first, "a")
    assert leases.holders == [("a", first), ("b", second)]
    assert leases.holds(first)
    leases.left(first, "a")
    assert (leases.holders, leases.holds(first)) == ([("b", second)], False)
    clock.advance(1)
    leases.renew_silent(clock())
    assert (leases.holders, leases.holds(second)) == ([], False)
    leases.heard(second, "b")
    assert (leases.holders, leases.holds(second)) == ([("b", second)], True)


def test_nothing_changes_by_a_sign_of_life(leases):
    (number,) = window_of(leases)
    leases.joined(number, "a")
    before = leases.changes
    leases.heard(number, "a")
    leases.answered(number, "a")
    assert leases.changes == before


def test_leases_may_be_added(leases):
    first, second = window_of(leases, 2)
    assert not leases.all_taken
    leases.joined(first, "a")
    leases.joined(second, "b")
    assert (leases.count, leases.all_taken) == (2, True)
    leases.add(2)
    assert (leases.count, leases.all_taken) == (4, False)
    assert labels(send_all(leases)) == ["3/4", "4/4"]


def test_who_owes_nothing_has_nothing_to_say_and_is_not_silent(leases, clock):
    first, second = window_of(leases, 2)
    leases.joined(first, "idle")
    leases.joined(second, "silent")
    clock.advance(1)
    assert leases.renew_silent(clock(), {second}) == ["silent"]
    assert leases.working == ["idle"]


def test_if_more_are_silent_than_can_owe_anything_nobody_can_tell_who_has_nothing_to_say(leases, clock):
    first, second = window_of(leases, 2)
    leases.joined(first, "idle")
    leases.joined(second, "silent")
    clock.advance(1)
    assert leases.renew_silent(clock(), None, 1) == []
    assert leases.working == ["idle", "silent"]
    leases.heard(first, "idle")
    clock.advance(1)
    assert leases.renew_silent(clock() - 0.5, None, 1) == []
    leases.heard(first, "idle")
    assert leases.renew_silent(clock(), None, 1) == ["silent"]
    assert leases.working == ["idle"]
