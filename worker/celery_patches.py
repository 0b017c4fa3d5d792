"""Celery's channel to Redis, but one that drops what is no message, over which its own ends the worker."""

import logging
from typing import Any

from kombu.transport.redis import Channel as KombusChannel

log = logging.getLogger(__name__)


class Channel(KombusChannel):
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
