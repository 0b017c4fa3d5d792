"""The commands of a worker and of Flower: Celery's, on our app, with the settings that suit us."""

import sys
from pathlib import Path

FLOWER_USER = "gradmq"
_PACKAGES = Path(__file__).parents[2]  # where `worker` is, installed or not
_WORKER = _PACKAGES / "worker" / "__main__.py"
_FLOWER = Path(__file__).with_name("flower_program.py")


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
    """Return the command of Flower.  port: of 127.0.0.1."""
    return [sys.executable, "-P", str(_FLOWER), "--address=127.0.0.1", f"--port={port}"]


def flower_settings(password: str) -> dict[str, str]:
    """Return the settings of Flower, as variables of the environment, where no list of processes shows them.

    password: of the user FLOWER_USER.
    """
    return {
        "FLOWER_BASIC_AUTH": f"{FLOWER_USER}:{password}",
        "FLOWER_MAX_TASKS": "5000",  # that it remembers
        "FLOWER_PURGE_OFFLINE_WORKERS": "60",  # seconds
        "FLOWER_TASKS_COLUMNS": "name,args,state,received,runtime,worker",  # arguments tell what a lease is for
    }
