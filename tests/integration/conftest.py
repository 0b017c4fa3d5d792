"""Gradients from the workers on a real Redis."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coordinator.gradients.remote import RemoteGradients
from tests.support.remote import gradients_on
from tests.support.servers import Server


@pytest.fixture
def remote_gradients(server: Server) -> Iterator[Callable[..., RemoteGradients]]:
    """Make remote gradients, by options; afterwards they are closed."""
    made: list[RemoteGradients] = []

    def make(**options: object) -> RemoteGradients:
        made.append(gradients_on(server, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def remote(remote_gradients: Callable[..., RemoteGradients]) -> RemoteGradients:
    return remote_gradients()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Server]:
    """Another Redis, for Celery alone."""
    folder = tmp_path / "broker"
    folder.mkdir()
    started = Server(folder)
    yield started
    started.kill()
