"""The program `gradmq`: `python -m gradmq` is the same."""

import sys


def main() -> None:
    """Run a command and exit, as in `coordinator.__main__`."""
    try:
        # Inside, so that Ctrl-C during the imports leaves no traceback.
        from gradmq._packages import refuse_foreign

        refuse_foreign()
        from coordinator.__main__ import main as coordinator_main
    except KeyboardInterrupt:
        print("gradmq: stopped", file=sys.stderr)
        sys.exit(130)
    coordinator_main()


if __name__ == "__main__":
    main()
