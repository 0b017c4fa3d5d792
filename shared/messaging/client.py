"""Redis by redis-py, for all that is not in a hurry, with our errors. No other file knows redis-py.

What is private in redis-py and used all the same is here too; tests/unit/messaging/test_client.py looks whether it
still exists.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self, cast

import redis
from redis.backoff import NoBackoff
from redis.client import Pipeline as RedisPipeline
from redis.retry import Retry

from shared.errors import ConnectionLostError, ForbiddenError, RefusedError

# What redis-py makes of answers that no Redis gives.
_NONSENSE = (ValueError, TypeError, AttributeError, LookupError, MemoryError, OverflowError, RecursionError)

# An AuthenticationError is a ConnectionError for redis-py, but trying again is of no use.
_FORBIDDEN = (
    redis.AuthenticationError,
    redis.exceptions.AuthorizationError,
    redis.exceptions.NoPermissionError,
)
_REFUSALS = (redis.ResponseError, redis.InvalidResponse)


class Client(redis.Redis):
    """redis-py's client, whose commands raise ConnectionLostError and RefusedError."""

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        with _our_errors(self.connection_pool):
            return super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> "Pipeline":
        return Pipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)

    def __enter__(self) -> Self:
        return self

    def disconnect(self) -> None:
        """Drop the connections; the next command makes new ones."""
        self.connection_pool.disconnect()


class Pipeline(RedisPipeline):
    """redis-py's pipeline, whose `execute` raises the same."""

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        with _our_errors(self.connection_pool):
            return super().execute(raise_on_error)


def client(url: str, timeout: float | None = 10.0) -> Client:
    """Return a client for `url` that never repeats a command by itself.

    redis-py's silent retries would send a push twice.  timeout: seconds for a connection or an answer.
    """
    # A half-open connection shows on TCP alone; redis-py knows no such option for a unix socket.
    keepalive = {} if url.startswith("unix:") else {"socket_keepalive": True}
    made = Client.from_url(
        url,
        protocol=2,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        **keepalive,
    )
    pool = made.connection_pool
    pool.connection_class(**pool.connection_kwargs)  # which raises TypeError for options that there are not
    return cast(Client, made)  # whose class method says less


def open_socket(url: str, timeout: float) -> socket.socket:
    """Return a socket on which redis-py has done all that the address asks for: TLS, the password, the database.

    timeout: seconds for that.  Raises ConnectionLostError or RefusedError.
    """
    with _our_errors():
        connection = cast(Any, client(url, timeout).connection_pool.make_connection())
        try:
            connection.connect()
        except (redis.TimeoutError, OSError) as error:
            raise ConnectionLostError(f"no connection to Redis: {error}") from error
    # Private, but the only way to it. redis-py is to forget it, or it would close it with the connection.
    connected: socket.socket = connection._sock
    connection._sock = None
    return connected


def is_forbidden(error: BaseException | None) -> bool:
    """Tell whether an error, or what it was raised for, says that redis-py's user or password is wrong."""
    while error is not None and not isinstance(error, _FORBIDDEN):
        error = error.__cause__
    return error is not None


@contextmanager
def _our_errors(pool: redis.ConnectionPool | None = None) -> Iterator[None]:
    """Raise our errors for redis-py's.  pool: whose connections go if what they answered cannot be read."""
    try:
        yield
    except _FORBIDDEN as error:
        raise ForbiddenError(str(error)) from error
    except _REFUSALS as error:
        raise RefusedError(str(error)) from error
    except redis.RedisError as error:
        raise ConnectionLostError(str(error)) from error
    except UnicodeError:  # of a host's name, as it was given
        raise
    except _NONSENSE as error:
        if pool is not None:
            pool.disconnect()
        raise ConnectionLostError(f"Redis answers what no Redis does: {type(error).__name__}: {error}") from error
