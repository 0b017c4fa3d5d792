"""What options stand for that were given."""

import logging
from dataclasses import fields, replace
from typing import Any

import click
from click.core import ParameterSource

from coordinator.reporting.watching import Watching
from coordinator.session import RunOptions
from shared.config import join


def names_given(ctx: click.Context) -> set[str]:
    """Return the names of the options that were given, in whatever way."""
    return {name for name in ctx.params if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT}


def as_typed(values: dict[str, Any]) -> str:
    """Return options as they would be typed."""
    return " ".join(
        f"--{name.replace('_', '-')} {join(value) if isinstance(value, tuple) else value}"
        for name, value in values.items()
    )


def to_level(given: dict[str, Any]) -> int:
    """Take --quiet and --verbose from what was given, and return the level of events to be told.

    Raises UsageError for both.
    """
    quiet, verbose = given.pop("quiet"), given.pop("verbose")
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose do not go together; give one of them")
    return logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO


def run_options_given(ctx: click.Context, given: dict[str, Any]) -> RunOptions:
    """Take the options of who computes and who watches from what was given; return what they stand for.

    Raises ConfigError or UsageError.
    """
    redis, broker = queue_given(ctx, given)
    names = ("workers", "batches_per_task", "audit", "audit_by", "flower_port")
    watching = Watching(**{field.name: given.pop(field.name) for field in fields(Watching)})
    found = RunOptions(**{name: given.pop(name) for name in names}, watching=watching)
    return replace(found, redis=redis, broker=broker)


def queue_given(ctx: click.Context, given: dict[str, Any]) -> tuple[str | None, str | None]:
    """Take the addresses of Redis and broker from what was given; None: there is to be an embedded cluster, or none.

    Raises UsageError for those that do not go together, or not with `workers`.
    """
    redis, broker = given.pop("redis_address"), given.pop("broker_address")
    if given["workers"] is not None and redis is not None:
        raise click.UsageError("--workers starts a Redis of its own and --redis uses another: give one of them")
    if redis is None and broker is not None:
        if ctx.get_parameter_source("broker_address") is not ParameterSource.ENVIRONMENT:
            raise click.UsageError("--broker goes with --redis; the embedded cluster has a broker of its own")
        broker = None
    return redis, broker
