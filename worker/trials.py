"""The task that trains a whole run. It is thin: Celery's part is here, the work is in `worker.whole_run`."""

from __future__ import annotations

import os
from typing import Any

from celery import Task
from celery.utils.log import get_task_logger

from shared import logs
from shared.errors import MessageError, VersionError
from shared.messaging.addresses import tensors_url
from shared.messaging.trials import TRIAL_TASK, TrialTask
from worker.celery import app
from worker.whole_run import WholeRun, refuse

log = get_task_logger(__name__)

_PROCESS = os.getpid()


# Acknowledged late, or a worker would take a second run while it computes the first. But a run that costs a worker its
# life is not given to the next by Celery: the sweep's coordinator sees that nobody holds it, and counts.
@app.task(name=TRIAL_TASK, bind=True, reject_on_worker_lost=False)
def trial(self: Task[Any, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Compute a run of a sweep; return what became of it."""
    url, name = tensors_url(app.conf.broker_url), f"{self.request.hostname}:{_PROCESS}"
    try:
        task = TrialTask.from_json(fields)
    except (VersionError, MessageError) as error:
        log.error("%s", error)
        refuse(fields, url, name, str(error))
        return {"outcome": f"refused: {error}"}
    logs.context.run = task.run
    return {"outcome": WholeRun(task, url, name).work()}
