"""Celery's app of those who send tasks."""

from collections.abc import Callable
from typing import Any

from celery import Celery

from shared.messaging.addresses import tls
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
        return self._checking(super().connection_for_write, url, options)

    def connection_for_read(self, url: str | None = None, **options: Any) -> Any:
        return self._checking(super().connection_for_read, url, options)

    def _checking(self, connection: Callable[..., Any], url: str | None, options: dict[str, Any]) -> Any:
        """Return a connection that checks its broker's certificate."""
        broker = url or self._broker
        options["ssl"] = options.get("ssl") or tls(broker)
        return connection(broker, **options)
