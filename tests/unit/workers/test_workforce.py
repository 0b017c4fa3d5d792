"""What follows when the policies about workers are asked together."""

import logging

import pytest

from coordinator.workers.workforce import Workforce
from tests.support.learning import KERNELS
from tests.support.leases import template


@pytest.fixture
def workforce():
    """With a queue in memory, and the leases of a window granted."""
    made = Workforce("memory://", shards=2, excluded=["liar"], kernels=KERNELS, any_order=False)
    made.open(template(*made.idle))
    yield made
    made.close()


def test_who_was_excluded_before_gets_no_lease(workforce):
    assert workforce.leases.excluded == ("liar",)
    assert not workforce.has_changed


def test_a_new_exclusion_calls_for_a_new_window(workforce):
    workforce.exclusions.exclude("cheat", "its gradient is wrong")
    assert workforce.has_changed
    assert workforce.idle == ("cheat", "liar")
    workforce.open(template(*workforce.idle))
    assert not workforce.has_changed


def test_the_list_that_was_given_is_not_changed():
    names = ["liar"]
    workforce = Workforce("memory://", shards=2, excluded=names, kernels=KERNELS, any_order=False)
    workforce.exclusions.exclude("cheat", "its gradient is wrong")
    assert names == ["liar"]
    workforce.close()


def test_a_silent_worker_no_longer_takes_part(workforce, caplog):
    caplog.set_level(logging.INFO, "coordinator")
    workforce.leases.sent()
    workforce.leases.joined(0, "silent")
    workforce.membership.heard("silent")
    workforce.leases.sent()  # so that only what is renewed will be due
    workforce.replace_silent(since=float("inf"))
    assert len(workforce.membership) == 0
    assert caplog.records[-1].getMessage() == "does not answer (0 workers now)"
    assert workforce.leases.next_due() is None  # it was sent
