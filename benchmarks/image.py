"""How big the image is, and how soon the cluster of docker-compose.yml works.  Needs a Docker engine."""

import json
import os
import re
import statistics
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.cli import Parser
from benchmarks.machine import free_port
from benchmarks.tables import table

PROJECT = Path(__file__).parent.parent
NAME = "gradmq-benchmark"
ENVIRONMENT = {
    **os.environ,
    "COMPOSE_PROJECT_NAME": NAME,
    "GRADMQ_IMAGE": NAME,
    "GRADMQ_OPTIONS": "--epochs 100",
    "WORKER_LOG_LEVEL": "info",
    "FLOWER_PORT": str(free_port()),
    "DOCKER_BUILDKIT": os.environ.get("DOCKER_BUILDKIT", "0"),
}
_WAIT = 300.0  # seconds that a line in a log may take to come


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=PROJECT, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def compose(*arguments: str) -> str:
    version2 = subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0
    return run(*(["docker", "compose"] if version2 else ["docker-compose"]), *arguments)


def containers(service: str) -> list[str]:
    labels = [f"--filter=label=com.docker.compose.{name}" for name in (f"project={NAME}", f"service={service}")]
    return run("docker", "ps", "--quiet", *labels).split()


def moment(text: str) -> float:
    """Docker's time, to the microsecond, as seconds."""
    return datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00").timestamp()


def started(container: str) -> float:
    state: dict[str, Any] = json.loads(run("docker", "inspect", container))[0]["State"]
    return moment(state["StartedAt"])


def logged(container: str, pattern: str) -> float:
    """Wait for a line; return when it was written."""
    deadline = time.monotonic() + _WAIT
    while time.monotonic() < deadline:
        found = re.search(rf"^(\S+) .*{pattern}", run("docker", "logs", "--timestamps", container), re.MULTILINE)
        if found:
            return moment(found[1])
        time.sleep(0.1)
    raise RuntimeError(f"no {pattern!r} in the log of {container}")


def cpu_seconds(container: str) -> float:
    """What a container has used, with all that was started in it."""
    for path in ("/sys/fs/cgroup/cpuacct/cpuacct.usage", "/sys/fs/cgroup/cpu.stat"):
        read = subprocess.run(["docker", "exec", container, "cat", path], capture_output=True, text=True)
        if read.returncode == 0:
            return int(re.findall(r"\d+", read.stdout)[0]) / (1e9 if path.endswith("usage") else 1e6)
    raise AssertionError("no cgroup to read")


def main() -> None:
    parser = Parser("benchmarks.image", __doc__)
    parser.amount("--rounds", 5, 1, "of starting the cluster")
    parser.amount("--settle", 15.0, 3.0, "seconds until it counts as idle")
    parser.amount("--idle", 30.0, 2.0, "seconds of looking at what it uses when idle")
    options = parser.parse()

    compose("build")
    rows = [["the image", f"{int(run('docker', 'image', 'inspect', '--format', '{{.Size}}', NAME)) / 1e6:.0f} MB", ""]]
    run("docker", "build", "--target", "worker", "--tag", f"{NAME}-worker", ".")
    size = int(run("docker", "image", "inspect", "--format", "{{.Size}}", f"{NAME}-worker"))
    rows += [["the image for workers alone", f"{size / 1e6:.0f} MB", ""]]
    layers = run("docker", "history", "--no-trunc", "--format", "{{.Size}} {{.CreatedBy}}", NAME)
    rows += [["of it, a layer of ours", line.split()[0], ""] for line in layers.splitlines() if "COPY" in line]
    try:
        times = [first_requests() for _ in range(options.rounds)]
        for name, column in zip(
            ("from `up`", "from a newcomer's start", "from its being ready"), zip(*times, strict=True), strict=True
        ):
            rows.append([f"{name} to its first request", f"{statistics.median(column):.2f} s", f"{max(column):.2f} s"])
        compose("up", "--detach", "redis", "worker")
        time.sleep(options.settle)
        rows += [[f"{name}, idle, with its health check", idle(name, options.idle), ""] for name in ("redis", "worker")]
    finally:
        compose("down", "--volumes")
        run("docker", "image", "rm", NAME, f"{NAME}-worker")
    print(table(("image and cluster", "median", "worst"), rows))


def first_requests() -> tuple[float, float, float]:
    """Start the cluster, and a second worker.

    Return the seconds from `up` to the first request taken, from the newcomer's start to its first, and from its being
    ready to that.
    """
    began = time.time()
    compose("up", "--detach", "--scale", "worker=1")
    (coordinator,) = containers("coordinator")
    first = logged(coordinator, "takes part") - began
    before = set(containers("worker"))
    compose("up", "--detach", "--no-recreate", "--scale", "worker=2", "worker")
    (new,) = set(containers("worker")) - before
    joined = logged(coordinator, rf"worker=worker@{new}\S* takes part")
    times = first, joined - started(new), joined - logged(new, "ready")
    compose("down", "--volumes")
    return times


def idle(service: str, seconds: float) -> str:
    """Return the share of a core that a service uses."""
    (container,) = containers(service)
    used = cpu_seconds(container)
    time.sleep(seconds)
    return f"{(cpu_seconds(container) - used) / seconds:.2%} of a core"


if __name__ == "__main__":
    main()
