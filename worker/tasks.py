"""The one task. It is thin: Celery's part is here, the work is in `worker.seat`."""

from __future__ import annotations

from typing import Any

from celery import Task
from celery.utils.log import get_task_logger

from shared.messages import SEAT_TASK, Seat
from shared.queue import tensors_url
from worker.celery import app
from worker.seat import Sitting

log = get_task_logger(__name__)


@app.task(name=SEAT_TASK, bind=True)
def seat(self: Task[Any, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Take a seat and compute summed gradients until its span is over; return what was done."""
    taken = Seat.from_json(fields)
    done = Sitting(taken, tensors_url(app.conf.broker_url), self.request.hostname or "worker").work().to_json()
    log.info("%s: %s", taken.name, done)
    return done
