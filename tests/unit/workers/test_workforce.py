"""What follows when the policies about workers are asked together."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from coordinator.workers.cuts import Piece
from coordinator.workers.workforce import Workforce
from shared.config import TrainConfig
from shared.messaging.records import Kind, Record
from shared.messaging.seals import CoordinatorKeys
from tests.support.clock import Clock
from tests.support.learning import CONFIG, EXACT, KERNELS
from tests.support.leases import template


@pytest.fixture
def made() -> Iterator[Callable[..., Workforce]]:
    """Make a workforce with a queue in memory, by options, and have the leases of a window granted."""
    all_of_them: list[Workforce] = []

    def make(config: TrainConfig = CONFIG, **options: Any) -> Workforce:
        workforce = Workforce("memory://", config, ["liar"], KERNELS, CoordinatorKeys(), **options)
        all_of_them.append(workforce)
        workforce.open(template(*workforce.idle))
        workforce.grant_due()
        return workforce

    yield make
    for each in all_of_them:
        each.close()


@pytest.fixture
def workforce(made) -> Workforce:
    return made()


def test_who_was_excluded_before_gets_no_lease(workforce):
    assert workforce.leases.excluded == ("liar",)
    assert not workforce.has_changed


def test_a_new_exclusion_calls_for_a_new_window(workforce):
    workforce.exclusions.exclude("cheat", "its gradient is wrong")
    assert workforce.has_changed
    assert workforce.idle == ("cheat", "liar")
    workforce.open(template(*workforce.idle))
    assert not workforce.has_changed


@pytest.mark.parametrize("config", [CONFIG, EXACT])
def test_an_evaluation_is_cut_into_equal_pieces_for_whoever_is_free(made, config):
    workforce = made(config)
    assert workforce.cut_evaluation(10) == [Piece(0, 2), Piece(2, 5), Piece(5, 7), Piece(7, 10)]
    for number in (0, 1):
        workforce.leases.joined(number, f"worker{number}")
    for _ in range(5):
        workforce.shares.stepped(0.001)
    assert workforce.shares._pauses.begin("worker0", "takes long for one sample")
    assert [stop - first for first, stop, _ in workforce.cut_evaluation(10)] == [1, 1, 1, 2, 1, 1, 1, 2]
    assert workforce.cut_evaluation(3) == [Piece(0, 1), Piece(1, 2), Piece(2, 3)]


def test_the_list_that_was_given_is_not_changed():
    names = ["liar"]
    workforce = Workforce("memory://", CONFIG, names, KERNELS, CoordinatorKeys())
    workforce.exclusions.exclude("cheat", "its gradient is wrong")
    assert names == ["liar"]
    workforce.close()


def test_a_silent_worker_no_longer_takes_part(workforce, caplog):
    caplog.set_level(logging.INFO, "coordinator")
    workforce.leases.joined(0, "silent")
    workforce.membership.heard("silent")
    workforce.replace_silent(since=float("inf"), owing=None)
    assert len(workforce.membership) == 0
    assert caplog.records[-1].getMessage() == "does not answer (0 workers now)"
    assert workforce.leases.next_due() is None  # it was sent


def test_blocks_of_shards_are_for_anyone(workforce):
    workforce.leases.joined(0, "a")
    assert workforce.cut(4) == [Piece(0, 4)]
    workforce.leases.joined(1, "b")
    assert workforce.cut(4) == [Piece(0, 2), Piece(2, 4)]


def test_while_nobody_is_there_yet_a_step_is_cut_for_all_who_may_come(made):
    """Else whoever is first would take all, and with local steps be the only one for seconds."""
    assert made().cut(4) == [Piece(0, 1), Piece(1, 2), Piece(2, 3), Piece(3, 4)]
    assert made(workers=2).cut(4) == [Piece(0, 2), Piece(2, 4)]
    assert made(EXACT, workers=2).cut(6) == [Piece(0, 3), Piece(3, 6)]


def test_if_nobody_of_the_window_before_is_there_yet_a_step_is_cut_for_as_many(made):
    clock = Clock()
    workforce = made(clock=clock)
    for number, name in enumerate("ab"):
        workforce.leases.joined(number, name)
    workforce.open(template("liar"))
    workforce.grant_due()
    clock.advance(1)  # a quarter of a second is not always enough
    assert workforce.cut(4) == [Piece(0, 2), Piece(2, 4)]


def test_workers_that_were_started_are_cut_for_until_all_have_come_or_a_minute_is_over(made):
    clock = Clock()
    workforce = made(clock=clock, workers=2)
    workforce.leases.joined(0, "a")
    workforce.membership.heard("a")
    assert workforce.cut(4) == [Piece(0, 2), Piece(2, 4)]
    clock.advance(61)
    assert workforce.cut(4) == [Piece(0, 4)]
    workforce = made(clock=clock, workers=2)
    for number, name in enumerate("ab"):
        workforce.leases.joined(number, name)
        workforce.membership.heard(name)
    workforce.leases.left(1, "b")
    workforce.membership.gone("b", "leaves")
    assert workforce.cut(4) == [Piece(0, 2), Piece(2, 4)]  # nobody has been asked while both were there


def test_a_mini_batch_is_cut_into_a_piece_for_each_worker_in_the_order_of_their_names(made):
    workforce = made(EXACT, workers=3)
    for number, name in enumerate(("b", "c", "a")):
        workforce.leases.joined(number, name)
    assert workforce.cut(6) == [Piece(0, 2, 2), Piece(2, 4, 0), Piece(4, 6, 1)]
    assert workforce.cut(2) == [Piece(0, 1, 2), Piece(1, 2, 0)]  # the last of an epoch
    assert workforce.cut(6) is workforce.cut(6)  # nothing has changed
    workforce.leases.left(0, "b")
    assert workforce.cut(6) == [Piece(0, 3, 2), Piece(3, 6, 1)]


def test_where_one_worker_is_there_all_is_for_anyone(made):
    workforce = made(EXACT, workers=3)
    workforce.leases.joined(1, "a")
    assert workforce.cut(6) == [Piece(0, 6)]


def test_shares_follow_from_what_each_was_asked_for_alone(made):
    clock = Clock()
    workforce = made(EXACT, workers=2, clock=clock)
    for number, name in enumerate(("a", "b")):
        workforce.leases.joined(number, name)
    assert [piece.stop for piece in workforce.cut(6)] == [3, 6]
    for _ in range(10):
        clock.advance(0.1)
        for name, seconds in (("a", 0.001), ("b", 0.005)):
            workforce.replied(name, Record(Kind.REPLY, 7, first=0, stop=3), seconds)
            workforce.replied(name, Record(Kind.REPLY, 7, first=0, stop=3, region=1), 100.0)
    assert [piece.stop for piece in workforce.cut(6)] == [5, 6]


def test_of_shards_stragglers_are_told(workforce, monkeypatch):
    noted = []
    monkeypatch.setattr(workforce.stragglers, "replied", lambda *what: noted.append(what))
    workforce.replied("a", Record(Kind.REPLY, 7, first=2, stop=4, region=1), 1.0)
    assert noted == [("a", 0.5)]


def test_when_all_leases_are_taken_more_are_granted(made):
    workforce = made(EXACT)  # nobody knows how many workers there are
    assert workforce.leases.count == 2
    workforce.leases.joined(0, "a")
    workforce.grant_due()
    assert workforce.leases.count == 2
    workforce.leases.joined(1, "b")
    workforce.grant_due()
    assert (workforce.leases.count, workforce.leases.next_due()) == (4, None)
    workforce.open(template("liar"))
    assert workforce.leases.count == 3


@pytest.mark.parametrize(("config", "awaits"), [(CONFIG, False), (EXACT, True)])
def test_a_mini_batch_is_cut_when_the_workers_of_the_window_before_are_there_again(made, config, awaits):
    clock = Clock()
    workforce = made(config, clock=clock)
    assert not workforce.awaits_workers
    workforce.leases.joined(0, "a")
    workforce.open(template("liar"))
    workforce.grant_due()
    assert workforce.awaits_workers is awaits
    clock.advance(1)
    assert not workforce.awaits_workers


@pytest.mark.parametrize(
    ("config", "line"),
    [
        (CONFIG, "more workers than the 4 that a mini-batch has shards for take turns; more shards make more busy"),
        (EXACT, "more workers than the 6 samples of a mini-batch take turns; larger mini-batches make more busy"),
    ],
)
def test_more_workers_than_can_be_busy_take_turns(made, config, line, caplog):
    caplog.set_level(logging.INFO, "coordinator")
    workforce = made(config)
    for name in "abcdefg":
        workforce.membership.heard(name)
    assert line in [record.getMessage() for record in caplog.records]


def test_who_is_excluded_ends_a_window_at_once_until_that_happens_too_often(made):
    """Who invents workers could have windows begin all the time."""
    clock = Clock()
    workforce = made(EXACT, workers=2, clock=clock)
    at_once = 0
    for number in range(100):
        workforce.exclusions.exclude(f"invented:{number}", "nonsense")
        if workforce.has_changed:
            at_once += 1
            workforce.open(template(*workforce.idle))
    assert at_once == 10
    clock.advance(1.1)
    assert workforce.has_changed
    workforce.open(template(*workforce.idle))
    assert len(workforce.leases.excluded) == 100
    assert not workforce.has_changed
