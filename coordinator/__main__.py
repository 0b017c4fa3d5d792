"""The program `gradmq`: `python -m coordinator` is the same."""

import os
import sys


def main() -> None:
    """Run a command and exit: 0 done, 2 wrong input, 130 interrupted."""
    # A stream that was closed in the shell is None.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    try:
        # Inside, so that Ctrl-C during the imports leaves no traceback either.
        from coordinator.cli import run

        sys.exit(run())
    except KeyboardInterrupt:
        print("gradmq: stopped", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
