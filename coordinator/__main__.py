"""The program `gradmq`: `python -m coordinator` is the same."""

import io
import os
import sys

from gradmq._packages import refuse_foreign


def main() -> None:
    """Run a command and exit with the code that `coordinator.cli.exit_codes` tells of."""
    # A stream that was closed in the shell is None.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what a terminal cannot show must not end a run
    refuse_foreign()
    from shared.signals import Stopped, stop_on_signals

    # Early, because a container's first process is deaf to signals that it does not handle.
    stop_on_signals()
    try:
        # Inside, so that Ctrl-C during the imports leaves no traceback either.
        from shared.importing import nothing_is_garbage

        with nothing_is_garbage():
            from coordinator.cli.main import run
            from shared.plain_text import show_controls

        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                show_controls(stream, but_returns=stream is sys.stderr)
        sys.exit(run())
    except Stopped as stopped:
        print("gradmq: stopped", file=sys.stderr)
        sys.exit(128 + stopped.signal_number)


if __name__ == "__main__":
    main()
