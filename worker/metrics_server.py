"""Serves a worker's metrics from Celery's main process, if GRADMQ_METRICS_PORT says where."""

import logging
import os
from typing import Any

from celery import bootsteps, signals

from shared.metrics_endpoint import LOOPBACK, Endpoint
from worker.metrics import collect

log = logging.getLogger(__name__)

_served: list[Endpoint] = []  # at most one


class ServeMetrics(bootsteps.StartStopStep):
    """Started after the pool, so that the processes that compute are forked before there is a thread."""

    requires = ("celery.worker.components:Pool",)

    def start(self, parent: Any) -> None:
        port = os.environ.get("GRADMQ_METRICS_PORT", "")
        if not port:
            return
        host = os.environ.get("GRADMQ_METRICS_HOST") or LOOPBACK
        try:
            _served.append(Endpoint(host, int(port), collect))
        # A worker without metrics is one all the same.
        except (OSError, ValueError, OverflowError, ImportError) as error:
            log.error("no metrics for Prometheus on port %s of %s: %s", port, host, error)

    def stop(self, parent: Any) -> None:
        for endpoint in _served:
            endpoint.close()
        _served.clear()


@signals.worker_process_init.connect
def _forked(**_: Any) -> None:
    """A process that replaces one that has died is forked while the port is open."""
    for endpoint in _served:
        endpoint.leave_to_parent()
