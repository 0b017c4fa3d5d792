"""Celery's consumer, but quick to find a broker that is back: its own waits up to 30 s between two attempts."""

from functools import partial
from typing import Any

from celery.worker.consumer import Consumer as CelerysConsumer

_PAUSES = {"interval_start": 0.1, "interval_step": 0.1, "interval_max": 1.0}  # seconds


class Consumer(CelerysConsumer):
    def ensure_connected(self, conn: Any) -> Any:
        conn.ensure_connection = partial(conn.ensure_connection, **_PAUSES)
        return super().ensure_connected(conn)
