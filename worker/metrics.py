"""What a worker has done, counted for Prometheus.

Leases are worked on in a process of their own, and Celery's main process, which answers meanwhile, serves the counts.
Memory that fork shares holds them, so that they go on when that process is replaced.
"""

import mmap
from collections.abc import Iterator

from shared.durations import BOUNDS
from shared.metrics_endpoint import Histogram, Metric
from worker.serve import Done

_LEASES, _REQUESTS, _SAMPLES, _WAITING, _COMPUTING, _BUCKETS = range(6)  # places; from the last on, one each
_N = _BUCKETS + len(BOUNDS) + 1

_counts = memoryview(mmap.mmap(-1, 8 * _N)).cast("d")


def add(done: Done) -> None:
    """Count what was done in a lease, at its end: about once a second.

    A worker has one process that computes. Of several, as `celery worker --concurrency` may have, two at the very same
    moment could lose one's count.
    """
    _counts[_LEASES] += 1
    _counts[_REQUESTS] += done.requests
    _counts[_SAMPLES] += done.samples
    _counts[_WAITING] += done.seconds_waiting
    _counts[_COMPUTING] += done.durations.total
    for place, count in enumerate(done.durations.counts, start=_BUCKETS):
        _counts[place] += count


def collect() -> Iterator[Metric | Histogram]:
    """Yield the counts as they are now."""
    counts = _counts.tolist()
    yield Metric("counter", "gradmq_worker_leases", "Leases that were worked on.", counts[_LEASES])
    yield Metric("counter", "gradmq_worker_requests", "Requests that were answered.", counts[_REQUESTS])
    yield Metric("counter", "gradmq_worker_samples", "Samples in these.", counts[_SAMPLES])
    yield Metric("counter", "gradmq_worker_waiting_seconds", "Time without a request in a lease.", counts[_WAITING])
    yield Histogram(
        *("gradmq_worker_request_duration_seconds", "What a request takes to compute."),
        *(counts[_BUCKETS:], counts[_COMPUTING]),
    )
