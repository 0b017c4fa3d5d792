"""A window of which every lease was changed ends, and after some of them the run; nothing else does that."""

import os

import pytest

from coordinator.cli.exit_codes import exit_code
from coordinator.workers.changed_leases import ChangedLeases
from shared.errors import ChangedLeasesError
from tests.support.clock import Clock

LONG = 6.0  # seconds


class Window:
    """The leases of windows that follow each other."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.changed = ChangedLeases("redis://:secret@host:6379/0", self.clock)

    def passes(self, taken: int = 0, misfits: int = 1) -> bool:
        """Have some messages come whose seals do not fit, and tell whether the window is to end at last."""
        for _ in range(misfits):
            self.changed.misfit()
        self.clock.advance(LONG)
        return self.changed.are_all(taken)


@pytest.fixture
def window() -> Window:
    return Window()


def test_a_window_in_which_no_seal_fits_ends_after_a_while(window):
    window.changed.misfit()
    assert not window.changed.are_all(0)
    assert window.passes()
    window.changed.opened(0)
    assert not window.changed.are_all(0)


def test_one_without_anybody_does_not(window):
    assert not window.passes(misfits=0)


def test_nor_one_in_which_somebodys_seal_fits(window):
    """Anyone may push messages without a right to."""
    assert not window.passes(taken=1)
    assert not window.changed.are_all(0)  # who was there has gone: what came before tells nothing


def test_it_is_told_once(window, caplog):
    for _ in range(3):
        window.passes()
        window.changed.opened(0)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(
        "no worker's seal fits, as if somebody changed leases in the broker redis://:***@host:6379/0"
    )


def test_six_windows_in_vain_are_the_end_of_the_run(window):
    for _ in range(6):
        assert window.passes()
        window.changed.opened(0)
    assert window.passes()
    with pytest.raises(ChangedLeasesError, match=r"in the broker redis://:\*\*\*@host:6379/0.*password") as ended:
        window.changed.opened(0)
    assert "\n" not in str(ended.value)
    assert exit_code(ended.value) == os.EX_PROTOCOL


def test_unless_steps_were_complete_between_them(window):
    for _ in range(20):
        assert window.passes()
        window.changed.opened(0)
        window.changed.stepped()


def test_windows_that_end_for_another_reason_do_not_count(window):
    for _ in range(20):
        window.changed.misfit()
        window.changed.opened(0)
