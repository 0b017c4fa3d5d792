"""Models through Redis, named by their digest."""

import io
from typing import cast

import numpy as np

from shared.archive import read_arrays
from shared.messaging.client import Client
from shared.messaging.keys import model_key, model_name_key
from shared.model import Model, pack, unpack


def to_bytes(model: Model) -> bytes:
    """Return the content of a model's file."""
    content = io.BytesIO()
    np.savez(content, **pack(model))
    return content.getvalue()


def from_bytes(content: bytes, sha256: str) -> Model | None:
    """Return the model of that digest; None if that is another, or damaged."""
    try:
        model = unpack(read_arrays(io.BytesIO(content)))
        return model if model.digest == sha256 else None
    # Damage can surface as nearly any error of zipfile's or NumPy's.
    except Exception:
        return None


def publish(client: Client, model: Model, name: str, lifetime: int) -> None:
    """Put a model into Redis, and a name for it, for so many seconds.  Raises QueueError."""
    sha256 = model.digest
    client.set(model_key(sha256), to_bytes(model), ex=lifetime)
    # The name goes last: whoever sees it finds the model.
    client.set(model_name_key(name), sha256, ex=lifetime)


def published(client: Client, name: str) -> str:
    """Return the digest of the model that was published under a name; of any other name, itself."""
    found = cast(bytes | None, client.get(model_name_key(name)))
    return name if found is None else found.decode(errors="replace")
