"""The worker: a Celery app whose one task takes a lease in a window and computes gradients until it is over."""
