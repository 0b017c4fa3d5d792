"""Waiting for what must happen; if it does not, the test says so itself."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

# Seconds, for everything that a test waits for. Ours is not the only work of a machine, and only a test that fails
# waits that long.
PATIENCE = 600.0


def wait_until(condition: Callable[[], Found], what: str, details: Callable[[], str] = str) -> Found:
    """Return what the condition returns as soon as that is true.

    what: what is waited for, as the failure names it.  details: what to read if it does not happen.
    Raises AssertionError if it is never true.
    """
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {PATIENCE:g} s for this: {what}\n{details()}"
        time.sleep(0.02)
    return found


def patience(what: str) -> Callable[[], None]:
    """Return a function for loops of the program to call: it fails once the time is over that began now.

    what: what is waited for, as the failure names it.
    """
    deadline = time.monotonic() + PATIENCE

    def check() -> None:
        assert time.monotonic() < deadline, f"waited {PATIENCE:g} s for this: {what}"

    return check
