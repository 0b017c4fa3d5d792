"""Ctrl-C and SIGTERM: one exception for both, and one that can't get lost.  The standard library alone."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_MOMENT = 0.01  # seconds


class Stopped(KeyboardInterrupt):
    """A signal asked us to stop."""

    def __init__(self, signal_number: int) -> None:
        self.signal_number = signal_number


def stop_on_signals() -> None:
    """Raise Stopped in the main thread when SIGINT, SIGTERM, or the end of the terminal comes."""
    sys.unraisablehook = _unraisable
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # as it is under nohup
            signal.signal(number, _stop)


@contextmanager
def interruptible() -> Iterator[None]:
    """Have Ctrl-C raise Stopped for the time of a block, after the end of a step if it comes within one.

    Only where Python's own handler would raise KeyboardInterrupt: another, of a program that uses us, stays. Nor is
    there anything to do in other threads than the main one, where no signal raises anything.
    """
    if not _in_main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    hook, sys.unraisablehook = sys.unraisablehook, _unraisable
    signal.signal(signal.SIGINT, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.unraisablehook = hook


class _Uninterrupted:
    """A block that a signal interrupts only after its end. In other threads than the main one none does anyway."""

    def __init__(self) -> None:
        self.active = False
        self.pending: int | None = None

    def __enter__(self) -> None:
        if _in_main_thread():
            self.active = True

    def __exit__(self, *_: object) -> None:
        if not _in_main_thread():
            return
        self.active = False
        if self.pending is not None:
            pending, self.pending = self.pending, None
            raise Stopped(pending)


uninterrupted = _Uninterrupted()


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _stop(signal_number: int, frame: FrameType | None) -> None:
    if uninterrupted.active:
        uninterrupted.pending = signal_number
    else:
        raise Stopped(signal_number)


def _unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """Send the signal again if its exception is about to get lost.

    Python raises it wherever the program happens to be. In a weak reference's callback or a destructor, of which
    Celery has many, nobody can catch it: Python would print it and go on.
    """
    if isinstance(unraisable.exc_value, Stopped):
        threading.Timer(_MOMENT, os.kill, (os.getpid(), unraisable.exc_value.signal_number)).start()
    else:
        sys.__unraisablehook__(unraisable)
