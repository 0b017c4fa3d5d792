"""The addresses of Redis and of Celery's broker."""

import os
import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared.errors import AddressError
from shared.logs import masked

DEFAULT_REDIS_URL = "redis://127.0.0.1:6379/0"
REDIS, BROKER = "GRADMQ_REDIS_URL", "GRADMQ_BROKER_URL"  # variables of the environment
# Variables by which a user may have told another app of Celery's where its queue is. Celery takes them for every app,
# before what the app was told.
CELERYS_OWN = ("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL", "CELERY_RESULT_BACKEND")
_SCHEMES = ("redis", "rediss", "unix")
_KOMBU_SOCKET = "redis+socket"
_FILE = "_FILE"
_LOGIN = re.compile(r"://(?:([^\s/@:?#]*:).*|.*)@", re.DOTALL)  # of an address, also of one that is spelt wrongly


def variable(name: str) -> str | None:
    """Return what a variable says, or the file that NAME_FILE names, as orchestrators hand out secrets.

    Raises AddressError if both are given, and for a file that cannot be read or is empty.
    """
    value, path = os.environ.get(name), os.environ.get(name + _FILE)
    if not path:
        return value or None
    if value:
        raise AddressError(f"{name} and {name}{_FILE} are both given; give one of them")
    try:
        text = Path(path).read_text().strip()
    except (OSError, ValueError) as error:  # ValueError: no text; its message might quote the secret
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise AddressError(f"{name}{_FILE} {path} cannot be read: {reason}; give a file with the address") from None
    if not text:
        raise AddressError(f"{name}{_FILE} {path} is empty; give a file with the address")
    return text


def name_addresses(environment: MutableMapping[str, str], redis: str, broker: str | None) -> None:
    """Have the environment name this Redis and this broker of Celery's, if it is another, and no others."""
    for name, url in ((REDIS, redis), (BROKER, broker)):
        environment.pop(name + _FILE, None)
        environment.pop(name, None)
        if url is not None:
            environment[name] = url


def redis_url(given: str | None = None) -> str:
    """Return the Redis for the tensors: the one given, that of `variable`, or the local default.

    Raises AddressError for an address that is none.
    """
    url = given or variable(REDIS) or DEFAULT_REDIS_URL
    try:
        parts = urlsplit(url)
        _ = parts.port
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
        if parts.fragment or (parts.scheme != "unix" and "@" in parts.path + parts.query):
            raise ValueError("a part of the password")
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
    if variable(REDIS):
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


def tls(broker: str) -> dict[str, Any] | bool:
    """Return kombu's option `ssl` for a broker: a new one for each connection, for it writes there.

    Left to itself it would take any certificate of RabbitMQ's that is signed, whatever host it is for.
    """
    parts = urlsplit(broker)
    return {"server_hostname": parts.hostname} if parts.scheme == "amqps" else False


def shown(url: str) -> str:
    """Return an address, or what was given for one, as messages may show it: without whatever may be a password."""
    address = url if "://" in url else f"://{url}"
    hidden = _LOGIN.sub(lambda found: f"://{found[1] or ''}***@", address)
    return masked(hidden if "://" in url else hidden.removeprefix("://"))
