"""The one task. It is thin: Celery's part is here, the work is in `worker.seat`."""

from __future__ import annotations

import os
from typing import Any

from celery import Task

from shared import logs
from shared.messages import SEAT_TASK, Seat
from shared.queue import tensors_url
from worker.celery import app
from worker.seat import Sitting

# Tells workers apart that were given the same name. The pool's processes inherit it from the worker.
_PROCESS = os.getpid()


@app.task(name=SEAT_TASK, bind=True)
def seat(self: Task[Any, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Take a seat and compute summed gradients until its span is over; return what was done."""
    taken = Seat.from_json(fields)
    name = f"{self.request.hostname}:{_PROCESS}"
    logs.context.run = taken.run
    return Sitting(taken, tensors_url(app.conf.broker_url), name).work().to_json()
