"""The worker: a Celery app whose tasks take a lease in a window, and have models answer."""

from gradmq._packages import refuse_foreign

# Here, because `celery -A worker worker` has Python look for packages in the folder that it is started in, too.
refuse_foreign()
