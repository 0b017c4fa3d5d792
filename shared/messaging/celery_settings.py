"""The Celery settings that coordinator and workers share."""

from typing import Any

from kombu import Exchange, Queue

from shared.messaging.keys import BATCHES, PREDICTIONS, PREFIX, QUEUE, RESULT_LIFETIME, TRIALS

_SILENCE = 10.0  # seconds that Redis may take to answer; all that waits for more asks again each second


def celery_settings(broker: str) -> dict[str, Any]:
    """Return Celery settings that fit leases: short-lived to lose, cheap to repeat, JSON only."""
    settings: dict[str, Any] = {
        "broker_url": broker,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_channel_error_retry": True,  # a Redis that is full, or refuses for a while, is waited for
        "accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_default_queue": QUEUE,
        # The others with all of their names, or Celery would have them get the leases as well.
        "task_queues": [Queue(QUEUE), *(Queue(name, Exchange(name), name) for name in (BATCHES, PREDICTIONS, TRIALS))],
        "worker_prefetch_multiplier": 1,
        "worker_eta_task_limit": 100,  # messages that wait for their time in a worker's memory
        # One slot a process: with more, Celery 5.7's worker dies when Redis restarts.
        "worker_concurrency": 1,
        "worker_send_task_events": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }
    if broker.startswith("redis"):
        settings["broker_transport_options"] = {
            "global_keyprefix": PREFIX,
            "socket_keepalive": True,
            # Else who waits for an answer that has lost a part on its way, or its end, waits for ever.
            "socket_timeout": _SILENCE,
            "socket_connect_timeout": _SILENCE,
            "health_check_interval": 10,
        }
    elif broker.startswith("amqp"):
        # RabbitMQ says so when it has a message, else a broken connection would swallow leases.
        settings["broker_transport_options"] = {"confirm_publish": True}
    return settings


def result_settings(redis: str) -> dict[str, Any]:
    """Return Celery settings for the results of tasks that are called by others.  redis: as kombu spells it."""
    return {
        "result_backend": redis,
        "result_expires": RESULT_LIFETIME,
        "result_backend_transport_options": {"global_keyprefix": PREFIX},
    }
