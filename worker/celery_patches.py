"""All that we use of Celery, kombu and billiard and that is private there, or replaces a part of them.

`apply` is called once, before a worker starts. tests/unit/worker/test_celery_patches.py looks whether all of it still
exists, because a new release of theirs may change it without a word.
"""

import logging
import tempfile
from functools import partial
from typing import Any

import billiard.pool
import billiard.util
import kombu.transport.redis
from celery import Celery
from celery.worker.consumer import Consumer as CelerysConsumer
from kombu.transport.redis import Channel as KombusChannel

_PAUSES = {"interval_start": 0.1, "interval_step": 0.1, "interval_max": 1.0}  # seconds

log = logging.getLogger(__name__)


def apply(app: Celery) -> None:
    """Have this process's workers use what is below."""
    app.conf.worker_consumer = f"{__name__}:{Consumer.__name__}"
    kombu.transport.redis.Transport.Channel = Channel

    # A computing process that ends waits for Celery's main process to read its last result, which in a shutdown that
    # may have stopped doing: for 30 s, longer than a container is given to stop. A lease's result is worth one.
    billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10

    # Only to make a file in it and delete that at once, billiard makes a folder, which would stay after kill -9.
    billiard.util.get_temp_dir = tempfile.gettempdir


class Channel(KombusChannel):
    """kombu's channel to Redis, but one that drops what is no message, over which its own ends the worker."""

    qos: Any

    def _brpop_read(self, **options: Any) -> Any:
        """Take a message from the queue."""
        before = {*self.qos._delivered}
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # which the stubs lack
        # Of what cannot be read as one: no JSON, no fields, or fields of other things.
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("dropped from the queue, as no message of Celery's: %s: %s", type(error).__name__, error)
            for tag in {*self.qos._delivered} - before:
                self.basic_ack(tag)  # else this worker would count as busy
            return True


class Consumer(CelerysConsumer):
    """Celery's consumer, but quick to find a broker that is back: its own waits up to 30 s between two attempts."""

    def ensure_connected(self, conn: Any) -> Any:
        conn.ensure_connection = partial(conn.ensure_connection, **_PAUSES)
        return super().ensure_connected(conn)
