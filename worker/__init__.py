"""The worker: a Celery app whose one task takes a seat in a span and computes gradients until it is over."""
