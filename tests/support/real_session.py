"""The session of a real worker, in a thread of the test."""

from typing import Any

from shared.messaging.lease import Lease
from tests.support.fake_worker import FakeWorker
from worker import connections
from worker.session import Session


class RealSession(FakeWorker):
    """Works in each lease that it takes as a worker does; its data are what it keeps."""

    def _serve(self, client: Any, lease: Lease) -> None:
        Session(lease, self._server.url, self._name_sent, self.credentials).work()

    def run(self) -> None:
        super().run()
        if kept := connections._kept.pop(self._server.url, None):  # for a next lease
            stream, _ = kept
            stream.close()
