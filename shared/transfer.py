"""Training samples through Redis, named by their digest."""

import json
import math

import numpy as np
import redis

from shared.samples import LabelledSamples

_CHUNK = 8 * 2**20  # bytes a key; small enough that other clients are served in between
_LIFETIME = 600  # seconds that the samples stay in Redis
_DTYPES = ("|u1", "<f4", "<f8")


def upload(client: redis.Redis, samples: LabelledSamples) -> None:
    """Put the samples into Redis, unless they are there."""
    key = _key(samples.sha256)
    # The description goes last: whoever sees it finds all the rest.
    if client.exists(key):
        return
    images = np.ascontiguousarray(samples.images).data.cast("B")
    labels = np.ascontiguousarray(samples.labels, "<i8").data.cast("B")
    n_chunks = {}
    for name, data in (("images", images), ("labels", labels)):
        starts = range(0, len(data), _CHUNK)
        n_chunks[name] = len(starts)
        for number, start in enumerate(starts):
            client.set(f"{key}:{name}:{number}", bytes(data[start : start + _CHUNK]), ex=2 * _LIFETIME)
    description = {
        "shape": list(samples.images.shape),
        "dtype": samples.images.dtype.str,
        "n_classes": samples.n_classes,
        "n_chunks": n_chunks,
    }
    client.set(key, json.dumps(description), ex=_LIFETIME)


def download(client: redis.Redis, sha256: str) -> LabelledSamples | None:
    """Return the samples of that name, or None if they are not there, not whole, or not those."""
    key = _key(sha256)
    text = client.get(key)
    if text is None:
        return None
    description = json.loads(text)
    if description["dtype"] not in _DTYPES:
        return None
    data: dict[str, bytes] = {}
    for name, count in description["n_chunks"].items():
        chunks = [client.get(f"{key}:{name}:{number}") for number in range(count)]
        data[name] = b"".join(chunk for chunk in chunks if isinstance(chunk, bytes))
    if len(data["images"]) != math.prod(description["shape"]) * np.dtype(description["dtype"]).itemsize:
        return None
    images = np.frombuffer(data["images"], description["dtype"]).reshape(description["shape"])
    labels = np.frombuffer(data["labels"], "<i8")
    samples = LabelledSamples(images, labels, description["n_classes"])
    return samples if samples.sha256 == sha256 else None


def _key(sha256: str) -> str:
    return f"gradmq:data:{sha256}"
