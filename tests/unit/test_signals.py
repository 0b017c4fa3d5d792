"""Stopping between two steps, never within one."""

import os
import signal
import sys
import threading

import pytest

from shared.signals import Stopped, interruptible, uninterrupted
from tests.support.handlers import stopping_on_signals


def test_a_signal_waits_for_the_end_of_a_step():
    taken = []
    with stopping_on_signals(), pytest.raises(Stopped):  # noqa: PT012
        with uninterrupted:
            os.kill(os.getpid(), signal.SIGTERM)
            taken += ["step", "count"]
        taken.append("too late")
    assert taken == ["step", "count"]


def test_in_a_program_of_others_an_interrupt_waits_too_and_its_handler_is_as_before():
    before, taken = (signal.getsignal(signal.SIGINT), sys.unraisablehook), []
    with pytest.raises(KeyboardInterrupt), interruptible(), uninterrupted:  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        taken.append("step")
    assert taken == ["step"]
    assert (signal.getsignal(signal.SIGINT), sys.unraisablehook) == before


def test_a_handler_of_a_program_of_others_stays():
    before, heard = signal.getsignal(signal.SIGINT), []
    signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGINT)
        assert heard == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_end_of_another_threads_step_interrupts_neither_it_nor_a_step_of_the_main_thread():
    taken, ended = [], []

    def other() -> None:
        with uninterrupted:
            taken.append("other")
        ended.append(True)

    with pytest.raises(KeyboardInterrupt), interruptible(), uninterrupted:  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        taken.append("step")
    assert (taken, ended) == (["other", "step"], [True])


def test_what_runs_in_another_thread_changes_no_handler():
    before, seen = signal.getsignal(signal.SIGINT), []

    def other() -> None:
        with interruptible():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == [before]
