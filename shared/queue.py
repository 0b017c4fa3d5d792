"""Addresses of the queue, and the Celery settings that both sides share."""

import os
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kombu import Queue

from shared.errors import QueueError

DEFAULT_REDIS_URL = "redis://127.0.0.1:6379/0"
QUEUE = "seats"
_SCHEMES = ("redis", "rediss", "unix")


def redis_url(given: str | None = None) -> str:
    """Return the Redis for the tensors: the one given, GRADMQ_REDIS_URL, or the local default.

    Raises QueueError for an address that is none.
    """
    url = given or os.environ.get("GRADMQ_REDIS_URL") or DEFAULT_REDIS_URL
    scheme = urlsplit(url).scheme
    if scheme not in _SCHEMES:
        raise QueueError(
            f"{masked(url)} is not the address of a Redis; give redis://host:port/db, rediss://… or unix:///path"
        )
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise QueueError(f"{masked(url)} is not the address of a Redis: {error}") from None
    return url


def tensors_url(broker: str) -> str:
    """Return the Redis for the tensors of a worker that may have been given only Celery's broker."""
    if not os.environ.get("GRADMQ_REDIS_URL") and urlsplit(broker).scheme in _SCHEMES:
        return broker
    return redis_url()


def broker_url(redis: str, given: str | None = None) -> str:
    """Return Celery's broker: the one given, or that Redis as kombu spells it."""
    if given:
        return given
    parts = urlsplit(redis)
    if parts.scheme != "unix":
        return redis
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={database}"


def masked(url: str) -> str:
    """Return the address without its password."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return url.split("://")[0] + "://…"
    return url.replace(f":{password}@", ":***@") if password else url


def celery_settings(broker: str) -> dict[str, Any]:
    """Return Celery settings that fit seats: short-lived to lose, cheap to repeat, JSON only."""
    settings: dict[str, Any] = {
        "broker_url": broker,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_default_queue": QUEUE,
        "task_queues": [Queue(QUEUE)],
        "worker_prefetch_multiplier": 1,
        # One slot a process: with more, Celery 5.7's worker dies when Redis restarts.
        "worker_concurrency": 1,
        "worker_send_task_events": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }
    if broker.startswith("redis"):
        settings["broker_transport_options"] = {
            "global_keyprefix": "gradmq:",
            "socket_keepalive": True,
            "health_check_interval": 10,
        }
    return settings
