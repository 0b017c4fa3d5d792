"""The worker: a Celery app whose one task takes a lease in a window and computes gradients until it is over."""

from gradmq._packages import refuse_foreign

# Here, because `celery -A worker worker` has Python look for packages in the folder that it is started in, too.
refuse_foreign()
