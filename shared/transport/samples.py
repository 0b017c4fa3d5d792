"""Samples through Redis, named by their digest."""

import json
import math
from typing import Any, cast

import numpy as np

from shared.data.samples import LabelledSamples
from shared.messaging.client import Client
from shared.messaging.keys import SAMPLES_LIFETIME, SamplesKeys

_CHUNK = 8 * 2**20  # bytes a key; small enough that other clients are served in between
_LIMIT = 2**32  # numbers in the images
_DTYPES = ("|u1", "<f4", "<f8")


def upload(client: Client, samples: LabelledSamples) -> bool:
    """Put the samples into Redis, unless all of them are there; tell whether they had to be."""
    description = {
        "shape": list(samples.images.shape),
        "dtype": samples.images.dtype.str,
        "n_classes": samples.n_classes,
        "weighted": samples.weights is not None,
    }
    parts = _parts(samples.sha256, description)
    keys = [SamplesKeys(samples.sha256).description, *(key for _, key, _ in parts)]
    if client.exists(*keys) == len(keys):
        return False
    data = {
        "images": np.ascontiguousarray(samples.images).data.cast("B"),
        "labels": np.ascontiguousarray(samples.labels, "<i8").data.cast("B"),
    }
    if samples.weights is not None:
        data["weights"] = np.ascontiguousarray(samples.weights, "<f8").data.cast("B")
    for name, key, chunk in parts:
        client.set(key, bytes(data[name][chunk]), ex=SAMPLES_LIFETIME)
    # The description goes last: whoever sees it finds all the rest.
    client.set(keys[0], json.dumps(description), ex=SAMPLES_LIFETIME)
    return True


def download(client: Client, sha256: str) -> LabelledSamples | None:
    """Return the samples of that name, or None if they are not there, not whole, or not those."""
    text = client.get(SamplesKeys(sha256).description)
    if text is None:
        return None
    try:
        description = json.loads(cast(bytes, text))
        if description["dtype"] not in _DTYPES or not 0 < math.prod(description["shape"]) <= _LIMIT:
            return None
        data = {"images": b"", "labels": b"", "weights": b""}
        for name, key, _ in _parts(sha256, description):
            data[name] += cast(bytes, client.get(key) or b"")
        images = np.frombuffer(data["images"], description["dtype"]).reshape(description["shape"])
        labels, weights = np.frombuffer(data["labels"], "<i8"), np.frombuffer(data["weights"], "<f8")
        n_classes = int(description["n_classes"])
        samples = LabelledSamples(images, labels, n_classes, weights if description["weighted"] else None)
        return samples if samples.sha256 == sha256 else None
    except (ValueError, TypeError, KeyError):
        return None


def _parts(sha256: str, description: dict[str, Any]) -> list[tuple[str, str, slice]]:
    """Return name, key and range of bytes of every chunk."""
    keys = SamplesKeys(sha256)
    n_samples, n_inputs = description["shape"]
    n_bytes = {"images": n_samples * n_inputs * np.dtype(description["dtype"]).itemsize, "labels": n_samples * 8}
    if description["weighted"]:
        n_bytes["weights"] = n_samples * 8
    return [
        (name, keys.chunk(name, number), slice(start, start + _CHUNK))
        for name, size in n_bytes.items()
        for number, start in enumerate(range(0, size, _CHUNK))
    ]
