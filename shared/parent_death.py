"""Ending with the process that started us, however that ends.  The standard library alone.

Linux can send a signal to the children of a process that dies, even of one that is killed with kill -9. Each child must
ask for it itself. So this is also a program, which asks and then becomes another: `parent_death.py PARENT COMMAND…`.
Elsewhere nothing is asked for, and the watchdog does it alone.
"""

import ctypes
import os
import signal
import sys

_SET_SIGNAL = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>


def end_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends.  parent: its process id.

    To be exact, when the *thread* ends that started this process.
    """
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None).prctl(_SET_SIGNAL, int(signal.SIGKILL), 0, 0, 0) == 0 and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)  # it has ended before we could ask


def ending_with_us(command: list[str]) -> list[str]:
    """Return a command that does the same, in a process that ends with this one."""
    if sys.platform != "linux":
        return command
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def main() -> None:
    parent, *command = sys.argv[1:]
    end_with(int(parent))
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores, and whoever comes after us would too
        signal.signal(number, signal.SIG_DFL)
    os.execvp(command[0], command)  # there is no shell in it


if __name__ == "__main__":
    main()
