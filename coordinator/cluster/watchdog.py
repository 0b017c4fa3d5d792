"""Ends an embedded cluster when its coordinator ends, however that happens.

This runs as a process of its own, with the standard library alone. It leads the process group that the cluster's
processes join, so one signal reaches them all, and no list of them can be out of date. The coordinator holds the
other end of its standard input, which the kernel closes even after kill -9.

One that takes the place of another is given that one's folder, and joins its group.
"""

import os
import re
import shutil
import signal
import sys
import tempfile

_LONGEST = 70  # characters; systems allow 104 for the whole path of a socket


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        # Only the user may enter; a Redis in it needs no password.
        given = sys.argv[1:]
        folder = given[0] if given else tempfile.mkdtemp(prefix="gradmq-", dir=parent())
    except OSError:  # of which the coordinator tells the user
        return
    try:
        if not given:
            print(folder, flush=True)
        sys.stdin.buffer.read()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        # At once and without asking: nothing in the cluster is worth saving, and we are in the group ourselves.
        os.killpg(0, signal.SIGKILL)


def parent() -> str:
    """Return where to make the folder: a socket's path is short, and part of an address."""
    usual = tempfile.gettempdir()
    fits = len(usual) <= _LONGEST and re.fullmatch(r"[\w/.+-]+", usual, re.ASCII)
    return usual if fits else "/tmp"  # noqa: S108


if __name__ == "__main__":
    main()
