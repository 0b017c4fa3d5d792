"""What cannot be had on this machine is named, with the reason."""

import subprocess
from typing import Any


class UnavailableError(Exception):
    """An environment, or a part of it, cannot be had here. The message says why."""


def checked(*command: object, **options: Any) -> str:
    """Return what a command that must succeed prints.  options: of subprocess.run.  Raises UnavailableError."""
    name = str(command[0]).rpartition("/")[2]
    try:
        done = subprocess.run(
            [*map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options
        )
    except FileNotFoundError:
        raise UnavailableError(f"there is no {name}") from None
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
        raise UnavailableError(f"{name}: {next((line for line in lines if not line.startswith('W')), lines[-1])}")
    return done.stdout
