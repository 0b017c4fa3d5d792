"""An image that is built once, and clusters of it."""

import functools
import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.support.compose import Cluster, last_fingerprint, run


@pytest.fixture(scope="session")
def built() -> Iterator[Cluster]:
    assert shutil.which("docker"), "these tests need a Docker engine"
    cluster = Cluster()
    cluster("build")
    yield cluster
    run("docker", "image", "rm", cluster.name)


@pytest.fixture
def cluster(built: Cluster) -> Iterator[Cluster]:
    """The cluster, down; afterwards nothing of it may be left."""
    yield built
    built("down", "--volumes", "--timeout", "5")
    built.override("")
    label = f"--filter=label=com.docker.compose.project={built.name}"
    assert not built.containers()
    for kind in ("volume", "network"):
        assert run("docker", kind, "ls", "--quiet", label).stdout == ""


@pytest.fixture(scope="session")
def fingerprint(built: Cluster) -> Callable[[int], str]:
    """What so many epochs give in one process of the same image."""

    @functools.cache
    def compute(epochs: int) -> str:
        done = run("docker", "run", "--rm", built.name, "train", "--workers", "0", "--epochs", str(epochs))
        return last_fingerprint(done.stdout)

    return compute
