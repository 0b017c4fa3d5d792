"""A worker that cannot compute what the run asks for: it is named once, and others do its part."""

import logging

import redis

from shared.messaging.lease import Lease
from tests.support.fake_worker import FakeWorker
from tests.support.learning import alone, learn
from tests.support.servers import Server
from worker.messages import refuse


class OldWorker(FakeWorker):
    """Refuses the first leases that it takes, as one that does not know their configuration."""

    def __init__(self, server: Server, refuses: int) -> None:
        super().__init__(server)
        self._url, self._refuses = server.url, refuses
        self.refused = 0

    def _take_lease(self, client: redis.Redis) -> Lease | None:
        lease = super()._take_lease(client)
        if lease is None or self.refused == self._refuses:
            return lease
        self.refused += 1
        refuse(lease.to_json(), self._url, "old")
        return None


def test_a_worker_that_refuses_its_leases_is_named_once_and_changes_nothing(server, remote, caplog):
    caplog.set_level(logging.ERROR, "coordinator.gradients.replies")
    worker = OldWorker(server, refuses=2)
    worker.start()
    assert learn(remote) == learn(alone())
    assert worker.refused == 2
    (line,) = [record for record in caplog.records if record.name == "coordinator.gradients.replies"]
    assert line.getMessage() == "it cannot compute what this run asks for; install the same GradMQ on both sides"
    assert line.worker == "old"
