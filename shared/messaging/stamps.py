"""What each task of ours carries beside its own fields: the version of our messages, and a digest of all the rest."""

import hashlib
import json
from typing import Any

from shared.errors import MessageError, VersionError
from shared.messaging.records import VERSION


def stamped(fields: dict[str, Any]) -> dict[str, Any]:
    """Return a task's fields with their stamp."""
    return {"version": VERSION, "sha256": digest_of(fields).hex(), **fields}


def unstamped(fields: dict[str, Any], damaged: str) -> dict[str, Any]:
    """Return a task's fields without their stamp.

    damaged: what to say if they are not as they were sent.  Raises VersionError for those of another version,
    MessageError for damaged ones.
    """
    fields = dict(fields)
    version = fields.pop("version", None)
    if version != VERSION:
        raise VersionError(
            f"the coordinator speaks version {version} of GradMQ's messages, this worker {VERSION}; "
            "install the same GradMQ on both sides"
        )
    # A lease with another seed, say, would have a worker compute something else in good faith.
    if fields.pop("sha256", None) != digest_of(fields).hex():
        raise MessageError(damaged)
    return fields


def digest_of(fields: dict[str, Any]) -> bytes:
    """Return the digest of fields, whatever their order."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).digest()
