"""The commands of a worker and of Flower: Celery's, on our app, with the settings that suit us."""

import sys
from pathlib import Path

_PACKAGES = Path(__file__).parents[2]  # where `worker` is, installed or not
_WORKER = _PACKAGES / "worker" / "__main__.py"


def worker_command(name: str, log_level: str = "info") -> list[str]:
    """Return the command of a worker.

    name: `%h` in it stands for the host.  One slot, in a process of its own (prefork), so that the worker answers
    Flower while it computes; no gossip or mingle, because workers have nothing to tell each other.
    """
    return [
        *(sys.executable, "-P", str(_WORKER), "--hostname", name, "--loglevel", log_level),
        *("--pool", "prefork", "--concurrency", "1", "--without-gossip", "--without-mingle"),
    ]


def flower_command(port: int) -> list[str]:
    """Return the command of Flower.  port: of 127.0.0.1, since it asks for no password."""
    # In this folder, so that no `worker.py` in the user's can stand in for our app.
    celery = [sys.executable, "-P", "-m", "celery", "--quiet", "--workdir", str(_PACKAGES), "-A", "worker"]
    return [*celery, "flower", "--address=127.0.0.1", f"--port={port}"]
