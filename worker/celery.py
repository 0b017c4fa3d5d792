"""The Celery app: `celery -A worker worker` needs nothing but GRADMQ_REDIS_URL (or Celery's own --broker)."""

import logging
import os
from collections.abc import Callable
from typing import Any

from celery import Celery, signals

from shared import logs
from shared.errors import AddressError
from shared.health_file import health_file
from shared.messaging.addresses import BROKER, broker_url, redis_url, tensors_url, tls, variable
from shared.messaging.celery_settings import celery_settings, result_settings
from shared.nn.arithmetic import one_thread
from shared.parent_death import end_with
from worker import celery_patches
from worker.metrics_server import ServeMetrics
from worker.shutdown import Leave

one_thread()
_MAIN = os.getpid()  # of Celery's main process, also in those that it forks


class App(Celery):
    """Celery's app, which checks certificates whoever names the broker: we, `celery -b`, or Celery's own variables."""

    def connection_for_write(self, url: str | None = None, **options: Any) -> Any:
        return self._checking(super().connection_for_write, url or self.conf.broker_write_url, options)

    def connection_for_read(self, url: str | None = None, **options: Any) -> Any:
        return self._checking(super().connection_for_read, url or self.conf.broker_read_url, options)

    @staticmethod
    def _checking(connection: Callable[..., Any], urls: str, options: dict[str, Any]) -> Any:
        """Return a connection to one of these brokers, of which Celery's users may give several."""
        brokers = [broker_url(url) for url in urls.split(";")]
        if len(brokers) > 1 and any(map(tls, brokers)):  # kombu would take one host's name for all
            raise AddressError(
                "of several brokers none can be amqps://: its certificate could not be checked; give one"
            )
        options["ssl"] = options.get("ssl") or tls(brokers[0])
        return connection(";".join(brokers), **options)


app = App("worker", include=["worker.tasks", "worker.predictions", "worker.trials"])
app.conf.update(celery_settings(broker_url(redis_url(), variable(BROKER))))
app.conf.update(result_settings(broker_url(tensors_url(app.conf.broker_url))))
app.steps["worker"].add(Leave)
app.steps["worker"].add(ServeMetrics)
celery_patches.apply(app)

# Touched every two seconds while the worker is alive and in touch with the broker; `celery inspect ping` would cost a
# second of CPU.
_health = health_file()


@signals.heartbeat_sent.connect
def _healthy(**_: Any) -> None:
    if _health is not None:
        _health.touch()


@signals.celeryd_init.connect
def _begin(sender: str, **_: Any) -> None:
    logs.context.worker = sender
    # Celery's command line may have named another broker since.
    settings = celery_settings(broker_url(app.conf.broker_url))
    app.conf.broker_transport_options = settings.get("broker_transport_options", {})
    app.conf.update(result_settings(broker_url(tensors_url(app.conf.broker_url))))
    celery_patches.guard()


@signals.after_setup_logger.connect
@signals.after_setup_task_logger.connect
def _prepare_logs(logger: logging.Logger, **_: Any) -> None:
    for handler in logger.handlers:
        logs.prepare(handler)


@signals.worker_process_init.connect
def _end_with_main(**_: Any) -> None:
    """Have a computing process end with the main process, which else could leave it at work in its lease."""
    if os.getpid() != _MAIN:  # as in other pools than prefork
        end_with(_MAIN)
