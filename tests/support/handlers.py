"""What a program does to its process, undone at the end of a block."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from shared.signals import stop_on_signals


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Stop on signals as `gradmq` does, in a block: afterwards the handlers are pytest's own again."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    hook = sys.unraisablehook
    stop_on_signals()
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in handlers.items():
            signal.signal(number, handler)
