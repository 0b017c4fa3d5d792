"""Commands that are run to their end."""

import subprocess
from typing import Any

from tests.support.waiting import PATIENCE


def run(*command: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command; return its exit code and what it printed.

    options: of `subprocess.run`.  Raises AssertionError with what it printed so far if it does not end.
    """
    words = [str(word) for word in command]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": PATIENCE, **options}
    try:
        return subprocess.run(words, text=True, check=False, **options)
    except subprocess.TimeoutExpired as late:
        printed = b"\n".join(each for each in (late.stdout, late.stderr) if each)  # bytes, whatever `text` says
        message = f"waited {late.timeout:g} s for this: the end of {words}\n{printed.decode(errors='replace')}"
        raise AssertionError(message) from None
