"""The Celery app: `celery -A worker worker` needs nothing but GRADMQ_REDIS_URL (or Celery's own --broker)."""

import os
from typing import Any

from celery import Celery, signals
from threadpoolctl import threadpool_limits

from shared.queue import broker_url, celery_settings, redis_url
from worker import leaving

# More threads would fight over the cores with the other workers, and may add in another order.
threadpool_limits(1)

app = Celery("worker", include=["worker.tasks"])
app.conf.update(celery_settings(broker_url(redis_url(), os.environ.get("GRADMQ_BROKER_URL"))))


@signals.worker_shutting_down.connect
def _leave(**_: Any) -> None:
    leaving.leave()
