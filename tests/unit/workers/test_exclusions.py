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
    Exclusions(names).exclude("cheat", "its gradient is wrong")
    assert names == ["liar", "cheat"]


@pytest.mark.parametrize("already", [[], ["liar"]])
def test_a_worker_is_excluded_and_told_of_once(caplog, already):
    exclusions = Exclusions([*already])
    exclusions.exclude("liar", "its gradient is wrong")
    exclusions.exclude("liar", "its gradient is wrong")
    assert exclusions.names == ["liar"]
    assert len(caplog.records) == 1 - len(already)
