"""Gradients of the small job from workers on a real Redis."""

from typing import Any

from coordinator.gradients.remote import RemoteGradients
from shared.config import TrainConfig
from tests.support.learning import CONFIG, DATA
from tests.support.servers import Server
from tests.support.waiting import patience


def gradients_on(server: Server, config: TrainConfig = CONFIG, **options: Any) -> RemoteGradients:
    """Gradients from the workers on that server, by options; who waits too long for them fails."""
    return RemoteGradients(
        *(server.url, server.tcp_url, "test", config, DATA), supervise=patience("gradients from workers"), **options
    )
