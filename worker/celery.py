"""The Celery app: `celery -A worker worker` needs nothing but GRADMQ_REDIS_URL (or Celery's own --broker)."""

import logging
from typing import Any

from celery import Celery, signals

from shared import logs
from shared.health_file import health_file
from shared.messaging.addresses import BROKER, broker_url, redis_url, tensors_url, variable
from shared.messaging.celery_settings import celery_settings, result_settings
from shared.nn.arithmetic import one_thread
from worker import celery_patches
from worker.metrics_server import ServeMetrics
from worker.shutdown import Leave

one_thread()

app = Celery("worker", include=["worker.tasks", "worker.predictions", "worker.trials"])
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
    celery_patches.guard()


@signals.after_setup_logger.connect
@signals.after_setup_task_logger.connect
def _prepare_logs(logger: logging.Logger, **_: Any) -> None:
    for handler in logger.handlers:
        logs.prepare(handler)
