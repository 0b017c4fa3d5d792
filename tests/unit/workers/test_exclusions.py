"""Who gets no more work in a run."""

import logging

import pytest

from coordinator.workers.exclusions import Exclusions


def test_three_bad_replies_in_a_row_exclude_a_worker(caplog):
    exclusions = Exclusions([])
    exclusions.bad("liar", "nonsense")
    exclusions.bad("liar", "nonsense")
    assert exclusions.names == []
    exclusions.bad("liar", "nonsense")
    assert exclusions.names == ["liar"]
    first, last = caplog.records
    assert (first.levelno, first.worker) == (logging.WARNING, "liar")
    assert first.getMessage() == "a reply was rejected: nonsense"
    assert (last.levelno, last.worker) == (logging.ERROR, "liar")
    assert last.getMessage() == "3 rejected replies in a row; it gets no more work in this run"


def test_a_good_reply_resets_the_count_of_bad_ones():
    exclusions = Exclusions([])
    for _ in range(10):
        exclusions.bad("clumsy", "nonsense")
        exclusions.bad("clumsy", "nonsense")
        exclusions.good("clumsy")
    assert exclusions.names == []


def test_one_worker_does_not_answer_for_another():
    exclusions = Exclusions([])
    for worker in ("a", "b", "c", "a", "b", "c"):
        exclusions.bad(worker, "nonsense")
        exclusions.good("honest")
    assert exclusions.names == []
    exclusions.bad("b", "nonsense")
    assert exclusions.names == ["b"]


def test_who_is_excluded_is_kept_in_the_list_that_was_given():
    names = ["liar"]
    exclusions = Exclusions(names)
    exclusions.exclude("cheat", "its gradient is wrong")
    assert names == ["liar", "cheat"]
    assert (exclusions.since(0), exclusions.since(1)) == (("cheat",), ())


def test_of_very_many_the_newest_are_kept_away(caplog):
    exclusions = Exclusions(["before:0"])
    for number in range(1, 251):
        exclusions.exclude(f"invented:{number}", "nonsense")
        assert f"invented:{number}" in exclusions
        assert exclusions.since(number - 1) == (f"invented:{number}",)
    assert [*exclusions.names] == [f"invented:{number}" for number in range(151, 251)]
    assert exclusions.ids == {str(number) for number in range(151, 251)}
    assert "before:0" not in exclusions
    assert sum("somebody invents them" in record.getMessage() for record in caplog.records) == 1


def test_who_is_excluded_is_so_under_any_name():
    exclusions = Exclusions(["liar:1d"])
    assert "other:1d" in exclusions
    assert "liar:2e" not in exclusions


def test_bad_replies_of_any_number_of_workers_are_counted_in_little_memory():
    exclusions = Exclusions([])
    for number in range(5000):
        exclusions.bad(f"invented:{number}", "nonsense")
    assert len(exclusions._bad) <= 1000


@pytest.mark.parametrize("already", [[], ["liar"]])
def test_a_worker_is_excluded_and_told_of_once(caplog, already):
    exclusions = Exclusions([*already])
    exclusions.exclude("liar", "its gradient is wrong")
    exclusions.exclude("liar", "its gradient is wrong")
    assert exclusions.names == ["liar"]
    assert len(caplog.records) == 1 - len(already)
