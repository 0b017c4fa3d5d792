"""Stopping between two steps, never within one."""

import os
import signal

import pytest

from coordinator.signals import Stopped, stop_on_signals, uninterrupted


def test_a_signal_waits_for_the_end_of_a_step():
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    stop_on_signals()
    taken = []
    try:
        with pytest.raises(Stopped):  # noqa: PT012
            with uninterrupted:
                os.kill(os.getpid(), signal.SIGTERM)
                taken += ["step", "count"]
            taken.append("too late")
        assert taken == ["step", "count"]
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
