"""How big the image is, and how soon the cluster of docker-compose.yml works.  Needs a Docker engine.

python benchmarks/cluster.py [--rounds 5]
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import time
from datetime import datetime
from pathlib import Path

PROJECT = Path(__file__).parent.parent
NAME = "gradmq-benchmark"
ENVIRONMENT = {
    **os.environ,
    "COMPOSE_PROJECT_NAME": NAME,
    "GRADMQ_IMAGE": NAME,
    "GRADMQ_OPTIONS": "--epochs 100",
    "WORKER_LOG_LEVEL": "info",
    "FLOWER_PORT": "5598",
    "DOCKER_BUILDKIT": os.environ.get("DOCKER_BUILDKIT", "0"),
}
IDLE = 30  # seconds


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
    return moment(json.loads(run("docker", "inspect", container))[0]["State"]["StartedAt"])


def logged(container: str, pattern: str) -> float:
    """Wait for a line; return when it was written."""
    while True:
        found = re.search(rf"^(\S+) .*{pattern}", run("docker", "logs", "--timestamps", container), re.MULTILINE)
        if found:
            return moment(found[1])
        time.sleep(0.1)


def cpu_seconds(container: str) -> float:
    """What a container has used, with all that was started in it."""
    for path in ("/sys/fs/cgroup/cpuacct/cpuacct.usage", "/sys/fs/cgroup/cpu.stat"):
        read = subprocess.run(["docker", "exec", container, "cat", path], capture_output=True, text=True)
        if read.returncode == 0:
            return int(re.findall(r"\d+", read.stdout)[0]) / (1e9 if path.endswith("usage") else 1e6)
    raise AssertionError("no cgroup to read")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    compose("build")
    megabytes = int(run("docker", "image", "inspect", "--format", "{{.Size}}", NAME)) / 1e6
    layers = run("docker", "history", "--no-trunc", "--format", "{{.Size}} {{.CreatedBy}}", NAME)
    ours = [line.split()[0] for line in layers.splitlines() if "COPY" in line]
    print(f"image: {megabytes:.0f} MB, of which {', '.join(ours)} beside the base image")

    first, newcomer, ready = [], [], []
    try:
        for _ in range(options.rounds):
            began = time.time()
            compose("up", "--detach", "--scale", "worker=1")
            (coordinator,) = containers("coordinator")
            first.append(logged(coordinator, "takes part") - began)
            before = set(containers("worker"))
            compose("up", "--detach", "--no-recreate", "--scale", "worker=2", "worker")
            (new,) = set(containers("worker")) - before
            joined = logged(coordinator, rf"worker=worker@{new}\S* takes part")
            newcomer.append(joined - started(new))
            ready.append(joined - logged(new, "ready"))
            compose("down", "--volumes")
        for name, column in (
            ("from `up` to the first request taken", first),
            ("from a newcomer's start to its first request", newcomer),
            ("from a newcomer's being ready to its first request", ready),
        ):
            print(f"{name}: median {statistics.median(column):.2f} s, worst {max(column):.2f} s")

        compose("up", "--detach", "redis", "worker")
        time.sleep(15)
        for service in ("redis", "worker"):
            (container,) = containers(service)
            used = cpu_seconds(container)
            time.sleep(IDLE)
            print(f"{service}, idle, with its health check: {(cpu_seconds(container) - used) / IDLE:.2%} of a core")
    finally:
        compose("down", "--volumes")
        run("docker", "image", "rm", NAME)


if __name__ == "__main__":
    main()
