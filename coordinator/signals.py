"""Ctrl-C and SIGTERM: one exception for both, and one that can't get lost.  The standard library alone."""

import os
import signal
import sys
import threading
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


class _Uninterrupted:
    """A block that a signal interrupts only after its end."""

    def __init__(self) -> None:
        self.active = False
        self.pending: int | None = None

    def __enter__(self) -> None:
        self.active = True

    def __exit__(self, *_: object) -> None:
        self.active = False
        if self.pending is not None:
            pending, self.pending = self.pending, None
            raise Stopped(pending)


uninterrupted = _Uninterrupted()


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
