"""Celery's app of those who send tasks."""

from typing import Any

from celery import Celery

from shared.messaging.celery_settings import celery_settings


class ClientApp(Celery):
    """Sends tasks to the broker that it was given and to no other, whatever Celery finds in the environment."""

    backend_cls = "disabled://"  # nobody waits for a result by it

    def __init__(self, broker: str) -> None:
        """broker: address, as kombu spells it."""
        super().__init__("coordinator", set_as_current=False)
        self._broker = broker
        self.conf.update(celery_settings(broker), broker_pool_limit=1)

    def connection_for_write(self, url: str | None = None, **options: Any) -> Any:
        return super().connection_for_write(url or self._broker, **options)

    def connection_for_read(self, url: str | None = None, **options: Any) -> Any:
        return super().connection_for_read(url or self._broker, **options)
