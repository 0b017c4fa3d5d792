"""The addresses of Redis and of Celery's broker."""

import os
from urllib.parse import parse_qs, urlsplit

from shared.errors import AddressError
from shared.logs import masked

DEFAULT_REDIS_URL = "redis://127.0.0.1:6379/0"
_SCHEMES = ("redis", "rediss", "unix")
_KOMBU_SOCKET = "redis+socket"


def redis_url(given: str | None = None) -> str:
    """Return the Redis for the tensors: the one given, GRADMQ_REDIS_URL, or the local default.

    Raises AddressError for an address that is none.
    """
    url = given or os.environ.get("GRADMQ_REDIS_URL") or DEFAULT_REDIS_URL
    try:
        parts = urlsplit(url)
        _ = parts.port
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:  # whose message might quote a part of the password
        raise AddressError(
            f"{shown(url)} is not the address of a Redis; give redis://host:port/db, with every special character "
            "of a password as % and its code"
        ) from None
    if parts.scheme not in _SCHEMES:
        raise AddressError(
            f"{shown(url)} is not the address of a Redis; give redis://host:port/db, rediss://… or unix:///path"
        )
    database = options.get("db", [parts.path.strip("/")])[0] if parts.scheme != "unix" else options.get("db", [""])[0]
    if database and not database.isdecimal():
        raise AddressError(f"{shown(url)} names the database {database!r}; give a number")
    for option in options:
        if option != "db" and not option.startswith("ssl_"):
            raise AddressError(
                f"{shown(url)} has the option {option}; only db and those that begin with ssl_ are known"
            )
    return url


def tensors_url(broker: str) -> str:
    """Return the Redis for the tensors of a worker that may have been given only Celery's broker."""
    if os.environ.get("GRADMQ_REDIS_URL"):
        return redis_url()
    return redis_url(redis_of(broker))


def redis_of(broker: str) -> str | None:
    """Return the address of the Redis that is this broker of Celery's, None if the broker is none."""
    parts = urlsplit(broker)
    if parts.scheme == _KOMBU_SOCKET:
        database = parse_qs(parts.query).get("virtual_host", ["0"])[0]
        return f"unix://{parts.netloc}{parts.path}?db={database}"
    return broker if parts.scheme in _SCHEMES else None


def broker_url(redis: str, given: str | None = None) -> str:
    """Return Celery's broker, the one given or that Redis, as kombu spells it."""
    url = given or redis
    parts = urlsplit(url)
    if parts.scheme == "unix":
        database = parse_qs(parts.query).get("db", ["0"])[0]
        return f"{_KOMBU_SOCKET}://{parts.netloc}{parts.path}?virtual_host={database}"
    if parts.scheme == "rediss" and "ssl_cert_reqs" not in parse_qs(parts.query):
        # Left to itself kombu would not look at the certificate, and tell the password to anybody.
        return url + ("&" if parts.query else "?") + "ssl_cert_reqs=required"
    return url


def shown(url: str) -> str:
    """Return an address, or what was given for one, as messages may show it."""
    return masked(url) if "://" in url else masked(f"://{url}").removeprefix("://")
