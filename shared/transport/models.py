"""Models through Redis, named by their digest."""

import io
from typing import cast

import numpy as np

from shared.archive import read_arrays
from shared.config import TrainConfig
from shared.errors import ModelError
from shared.messaging.client import Client
from shared.messaging.keys import model_key, model_name_key
from shared.model import SavedModel, pack, unpack

_MOST = 512 * 2**20  # bytes that Redis takes as one value, unless its proto-max-bulk-len says otherwise
_AROUND = 1024  # bytes that an array has around it in a file, at most; and those of a short text or a digest


def to_bytes(model: SavedModel) -> bytes:
    """Return the content of a model's file.  Raises ModelError for one that is too large for Redis."""
    content = io.BytesIO()
    np.savez(content, **pack(model))
    if content.tell() >= _MOST:
        raise ModelError(f"the model has {content.tell()} bytes, and Redis takes less than {_MOST}; use it from a file")
    return content.getvalue()


def longest(config: TrainConfig) -> int:
    """Return how many bytes `to_bytes` makes at most of a model of a run that has no encoding."""
    weights_and_biases = 2 * (len(config.sizes) - 1)
    return config.nbytes + (weights_and_biases + 3) * _AROUND


def from_bytes(content: bytes, sha256: str) -> SavedModel | None:
    """Return the model of that digest; None if that is another, or damaged."""
    try:
        return unpack(read_arrays(io.BytesIO(content)), sha256)
    # Damage can surface as nearly any error of zipfile's or NumPy's.
    except Exception:
        return None


def publish(client: Client, model: SavedModel, name: str, lifetime: int) -> None:
    """Put a model into Redis, and a name for it, for so many seconds.  Raises QueueError or ModelError.

    The same model may have other names, for which it stays as long as it was to.
    """
    sha256 = model.digest
    key, content = model_key(sha256), to_bytes(model)
    with client.pipeline(transaction=True) as pipeline:
        pipeline.set(key, content, keepttl=True)  # again: what was there may be damaged
        pipeline.expire(key, lifetime, nx=True)
        pipeline.expire(key, lifetime, gt=True)
        pipeline.execute()
    # The name goes last: whoever sees it finds the model.
    client.set(model_name_key(name), sha256, ex=lifetime)


def published(client: Client, name: str) -> str:
    """Return the digest of the model that was published under a name; of any other name, itself."""
    found = cast(bytes | None, client.get(model_name_key(name)))
    return name if found is None else found.decode(errors="replace")
