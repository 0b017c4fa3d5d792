"""Before a run begins: is there what it will need?"""

import socket
import time
from collections.abc import Iterator
from importlib.util import find_spec
from urllib.parse import urlsplit

from amqp.exceptions import AccessRefused
from kombu import Connection

from shared.errors import AddressError, ConnectionLostError, ForbiddenError, QueueError, RefusedError
from shared.messaging.addresses import broker_url, shown, tls
from shared.messaging.client import client, is_forbidden

_BROKERS = ("redis", "rediss", "unix", "redis+socket", "amqp", "amqps", "pyamqp")
_START = 3.0  # seconds for a Redis that is just being started again
_PAUSE = 0.3  # seconds between two tries
_SILENCE = 5.0  # seconds that a try waits for an answer


class UnreachableError(QueueError):
    """There is no Redis, yet."""


def check_redis(url: str) -> None:
    """Raise QueueError unless a Redis there lets us in."""
    what = f"Redis at {shown(url)}"
    try:
        _ping(url)
    except RefusedError as error:
        raise ForbiddenError(f"{what} refuses us: {error}; check user, password and database") from None
    except ConnectionLostError as error:
        raise UnreachableError(f"{what} cannot be reached: {error}; check --redis, or start it") from None
    except (ValueError, TypeError) as error:
        raise AddressError(f"{shown(url)} is not the address of a Redis: {error}") from None


def _ping(url: str) -> None:
    """Ask Redis for a sign of life, again and again for a while."""
    for is_last in _tries():
        try:
            with client(url, timeout=_SILENCE) as connection:
                connection.ping()
            return
        except ConnectionLostError:
            if is_last:
                raise


def _tries() -> Iterator[bool]:
    """Yield for each try whether it is the last.  There are two at least: one may wait for an answer that got lost."""
    deadline = time.monotonic() + _START
    is_last = False
    while not is_last:
        yield False
        time.sleep(_PAUSE)
        is_last = time.monotonic() > deadline
    yield True


def check_transport(url: str) -> None:
    """Raise AddressError unless Celery knows that kind of broker."""
    try:
        # Some that Celery knows stay within a process or keep files, and none but these is tested.
        if urlsplit(url).scheme not in _BROKERS:
            raise ValueError
        Connection(broker_url("", url)).release()
    except (KeyError, ValueError):  # whose message might quote a part of the password
        raise AddressError(
            f"--broker {shown(url)} is not the address of a broker; give redis://… or amqp://…, with every special "
            "character of a password as % and its code"
        ) from None


def check_broker(url: str) -> None:
    """Raise QueueError unless a broker there lets us in."""
    check_transport(url)
    for is_last in _tries():
        try:
            with Connection(
                broker_url("", url), connect_timeout=_SILENCE, ssl=tls(url), transport_options=_patience(url)
            ) as connection:
                connection.ensure_connection(max_retries=1, interval_start=0)
                connection.channel()
            return
        # Whatever the transport's own library raises.
        except Exception as error:
            if is_forbidden(error) or isinstance(error.__cause__ or error, AccessRefused):
                raise ForbiddenError(f"--broker {shown(url)} refuses us: {error}; check user and password") from None
            if is_last:
                raise QueueError(f"--broker {shown(url)} cannot be used: {error}; check it, or start it") from None


def _patience(url: str) -> dict[str, float]:
    """Return what kombu is to be told of a Redis, of which it would otherwise wait for an answer for ever."""
    if "amqp" in urlsplit(url).scheme:
        return {}
    return {"socket_timeout": _SILENCE, "socket_connect_timeout": _SILENCE}


def check_flower(port: int) -> None:
    """Raise AddressError unless Flower is installed and can listen on that port of this machine."""
    if find_spec("flower") is None:
        raise AddressError(f"--flower {port} needs Flower, which is not installed: pip install 'gradmq[flower]'")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise AddressError(f"--flower {port} cannot be used: {error.strerror}; give a free port") from None
