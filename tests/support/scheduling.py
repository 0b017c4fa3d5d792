"""Which tests stay together where several processes run them."""

import pytest
from xdist.scheduler import LoadScopeScheduling

# What is expensive and made once a file: kernels' runs, two workers, RabbitMQ.
TOGETHER = ("test_any_processor", "test_modern_networks", "test_rabbitmq")


class Scheduling(LoadScopeScheduling):
    """In the order of collection, so that what takes seconds comes first, and what is quick fills the end."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        """Return the name of a test's group: its file, or for most system tests itself."""
        file, _, _ = nodeid.partition("::")
        *folders, name = file.removesuffix(".py").split("/")
        return nodeid if folders[-1] == "system" and name not in TOGETHER else file
