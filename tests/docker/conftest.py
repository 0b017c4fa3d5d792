"""An image that is built once, and clusters of it."""

import shutil
from collections.abc import Iterator

import pytest

from tests.support.compose import EPOCHS, Cluster, last_fingerprint, run


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
def fingerprint(built: Cluster) -> str:
    """What EPOCHS epochs give in one process of the same image."""
    done = run("docker", "run", "--rm", built.name, "train", "--workers", "0", "--epochs", str(EPOCHS))
    return last_fingerprint(done.stdout)


@pytest.fixture(scope="session")
def short_fingerprint(built: Cluster) -> str:
    done = run("docker", "run", "--rm", built.name, "train", "--workers", "0", "--epochs", "1")
    return last_fingerprint(done.stdout)
