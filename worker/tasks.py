"""The task of a training. It is thin: Celery's part is here, the work is in `worker.session`."""

from __future__ import annotations

import time
from typing import Any

from celery import Task
from celery.utils.log import get_task_logger

from shared import logs
from shared.errors import MessageError, VersionError
from shared.messaging.addresses import tensors_url
from shared.messaging.lease import LEASE_TASK, Lease
from worker import metrics
from worker.celery import app
from worker.messages import refuse
from worker.serve import Done
from worker.session import Session

_REFUSED = 3.0  # seconds to stay in a lease of another version, so that others get the next ones

log = get_task_logger(__name__)


@app.task(name=LEASE_TASK, bind=True)
def lease(self: Task[Any, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Take a lease and compute summed gradients until its window is over; return what was done."""
    url, name = tensors_url(app.conf.broker_url), self.request.hostname or ""
    try:
        taken = Lease.from_json(fields)
    except VersionError as error:
        log.error("%s", error)
        refuse(fields, url, name)
        time.sleep(_REFUSED)
        return Done(f"refused: {error}").to_json()
    except MessageError as error:
        log.error("%s", error)
        return Done(f"refused: {error}").to_json()
    logs.context.run = taken.run
    done = Session(taken, url, name).work()
    metrics.add(done)
    return {"lease": taken.description, **done.to_json()}
