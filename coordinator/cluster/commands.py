"""The commands of a worker and of Flower: Celery's, on our app, with the settings that suit us."""

import sys
from pathlib import Path

_PACKAGES = Path(__file__).parents[2]  # where `worker` is, installed or not


def worker_command(name: str, log_level: str = "info") -> list[str]:
    """Return the command of a worker.

    name: `%h` in it stands for the host.  One slot, in a process of its own (prefork), so that the worker answers
    Flower while it computes; no gossip or mingle, because workers have nothing to tell each other.
    """
    return [
        *(*celery_command("worker"), "--hostname", name, "--loglevel", log_level),
        *("--pool", "prefork", "--concurrency", "1", "--without-gossip", "--without-mingle"),
    ]


def flower_command(port: int) -> list[str]:
    """Return the command of Flower.  port: of 127.0.0.1, since it asks for no password."""
    return [*celery_command("flower"), "--address=127.0.0.1", f"--port={port}"]


def celery_command(command: str) -> list[str]:
    """Return a Celery command on our app, which no `worker.py` in the user's folder can stand in for."""
    # Quiet as to the banner, which is no log line.
    return [sys.executable, "-P", "-m", "celery", "--quiet", "--workdir", str(_PACKAGES), "-A", "worker", command]
