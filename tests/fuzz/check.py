"""What must hold of every input: it is taken, or refused in a line, within a second."""

import logging
import signal
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from coordinator.cli.messages import message
from shared.plain_text import plain
from tests.fuzz.target import Target

SECONDS = 1.0  # of a processor, that an input may take
_LONGEST = 1500  # characters of what is told of it
_WITHIN = ("shared", "coordinator", "worker")  # packages of ours


class Hang(BaseException):
    """An input took too long."""


def problem(target: Target, content: bytes) -> str:
    """Return what is wrong with how a target takes an input, in a line; nothing if all is as it should be."""
    told: list[str] = []
    with _listening(told):
        try:
            with _timed():
                target.take(content)
        except target.refusals as error:
            told.append(str(error))
        except Hang:
            return f"it takes more than {SECONDS:g} s"
        except Exception as error:
            return f"{type(error).__name__}: {' '.join(str(error).split())[:200]} ({_place(error)})"
    return next((flaw for flaw in map(_flaw, told) if flaw), "")


def _flaw(text: str) -> str:
    """Return what is wrong with a text for people."""
    shown = message(Exception(text))
    if "\n" in text:
        return f"it is told in several lines: {text!r:.200}"
    if not text or len(shown) > _LONGEST:
        return f"it is told in {len(shown)} characters: {text!r:.200}"
    if plain(shown) != shown:
        return f"it moves the cursor: {text!r:.200}"
    return ""


def _place(error: BaseException) -> str:
    """Return the last lines of ours that an error came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f"{f.filename.split('/')[-1]}:{f.lineno}" for f in frames if any(f"/{w}/" in f.filename for w in _WITHIN)]
    last = f"{frames[-1].filename.split('/')[-1]}:{frames[-1].lineno}" if frames else ""
    return " ".join([*ours[-2:], last])


@contextmanager
def _timed() -> Iterator[None]:
    """Raise Hang in the block, and not after it, when it has used too much of a processor."""
    is_over = False

    def end(number: int, frame: FrameType | None) -> None:
        if not is_over:
            raise Hang

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        is_over = True
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, signal.SIG_IGN)  # or one that is on its way would end the process
        signal.signal(signal.SIGPROF, before)


class _Listener(logging.Handler):
    def __init__(self, told: list[str]) -> None:
        super().__init__()
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        self._told.append(record.getMessage())


@contextmanager
def _listening(told: list[str]) -> Iterator[None]:
    """Collect what is logged meanwhile; Python's warnings are errors, for nobody should see them."""
    listener, root = _Listener(told), logging.getLogger()
    root.addHandler(listener)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        root.removeHandler(listener)
