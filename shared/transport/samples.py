"""Samples through Redis, named by their digest."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from shared.data.samples import KnownSamples, LabelledSamples, VectorSamples
from shared.errors import TooLargeError
from shared.machine_memory import memory_bytes
from shared.messaging.client import Client
from shared.messaging.keys import SAMPLES_LIFETIME, SamplesKeys
from shared.typed import typed

_CHUNK = 8 * 2**20  # bytes a key; small enough that other clients are served in between
_LIMIT = 2**32  # numbers in an array
_LONGEST = 10_000  # bytes of a description
_DTYPES = ("|u1", "<f4", "<f8")


def upload(client: Client, samples: KnownSamples) -> bool:
    """Put the samples into Redis, unless all of them are there; tell whether they had to be."""
    description, data = _description(samples), _arrays(samples)
    parts = _parts(samples.sha256, description)
    keys = [SamplesKeys(samples.sha256).description, *(key for _, key, _ in parts)]
    if client.exists(*keys) == len(keys):
        return False
    for name, key, chunk in parts:
        client.set(key, bytes(data[name][chunk]), ex=SAMPLES_LIFETIME)
    # The description goes last: whoever sees it finds all the rest.
    client.set(keys[0], json.dumps(description), ex=SAMPLES_LIFETIME)
    return True


def download(client: Client, sha256: str) -> KnownSamples | None:
    """Return the samples of that name, or None if they are not there, not whole, or not those.

    Raises TooLargeError for more than there is memory for.
    """
    text = client.getrange(SamplesKeys(sha256).description, 0, _LONGEST)
    if not text:
        return None
    try:
        description = json.loads(cast(bytes, text))
        _check(description)
        parts = _parts(sha256, description)
        size = sum(chunk.stop - chunk.start for _, _, chunk in parts)
        if size > (most := memory_bytes()):
            raise TooLargeError(f"samples of {size} bytes are more than the {most} of memory that there are here")
        data: defaultdict[str, bytearray] = defaultdict(bytearray)  # to bytes, each chunk would copy all before it
        for name, key, chunk in parts:
            size = chunk.stop - chunk.start
            received = cast(bytes, client.getrange(key, 0, size))
            if len(received) != size:
                return None
            data[name] += received
        samples = _samples(description, data)
        return samples if samples.sha256 == sha256 else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


@dataclass
class _Description:
    """What is in Redis of samples besides their bytes; either classes or targets."""

    shape: tuple[int, int]
    dtype: str
    weighted: bool
    n_classes: int = 1
    n_targets: int = 1
    targets_dtype: str = "<f8"


def _check(description: dict[str, Any]) -> None:
    """Raise ValueError for what describes no samples, or more than there can be."""
    found = typed(_Description, description)
    if not {found.dtype, found.targets_dtype} <= {*_DTYPES}:
        raise ValueError("numbers of another type")
    if min(*found.shape, found.n_classes, found.n_targets) < 1:
        raise ValueError("no samples")
    if found.shape[0] * max(found.shape[1], found.n_targets) > _LIMIT:
        raise ValueError("too many samples")


def _description(samples: KnownSamples) -> dict[str, Any]:
    """Return what is to be known to make samples of bytes again."""
    weighted = samples.weights is not None
    if isinstance(samples, LabelledSamples):
        images = samples.images
        return {
            "shape": list(images.shape),
            "dtype": images.dtype.str,
            "n_classes": samples.n_classes,
            "weighted": weighted,
        }
    vectors, targets = samples.vectors, samples.targets
    return {
        "shape": list(vectors.shape),
        "dtype": vectors.dtype.str,
        "n_targets": targets.shape[1],
        "targets_dtype": targets.dtype.str,
        "weighted": weighted,
    }


def _arrays(samples: KnownSamples) -> dict[str, memoryview]:
    """Return the bytes of samples, by the names that their keys have."""
    if isinstance(samples, LabelledSamples):
        arrays = {"images": np.ascontiguousarray(samples.images), "labels": np.ascontiguousarray(samples.labels, "<i8")}
    else:
        arrays = {"images": np.ascontiguousarray(samples.vectors), "targets": np.ascontiguousarray(samples.targets)}
    if samples.weights is not None:
        arrays["weights"] = np.ascontiguousarray(samples.weights, "<f8")
    return {name: array.data.cast("B") for name, array in arrays.items()}


def _samples(description: dict[str, Any], data: Mapping[str, bytearray]) -> KnownSamples:
    """Return the samples again.  Raises ValueError, TypeError or KeyError for bytes that do not fit."""
    inputs = np.frombuffer(data["images"], description["dtype"]).reshape(description["shape"])
    weights = np.frombuffer(data["weights"], "<f8") if description["weighted"] else None
    if "n_targets" in description:
        targets = np.frombuffer(data["targets"], description["targets_dtype"])
        return VectorSamples(inputs, targets.reshape(len(inputs), int(description["n_targets"])), weights)
    return LabelledSamples(inputs, np.frombuffer(data["labels"], "<i8"), int(description["n_classes"]), weights)


def _parts(sha256: str, description: dict[str, Any]) -> list[tuple[str, str, slice]]:
    """Return name, key and range of bytes of every chunk."""
    keys = SamplesKeys(sha256)
    n_samples, n_inputs = description["shape"]
    n_bytes = {"images": n_samples * n_inputs * np.dtype(description["dtype"]).itemsize}
    if "n_targets" in description:
        n_bytes["targets"] = n_samples * description["n_targets"] * np.dtype(description["targets_dtype"]).itemsize
    else:
        n_bytes["labels"] = n_samples * 8
    if description["weighted"]:
        n_bytes["weights"] = n_samples * 8
    return [
        (name, keys.chunk(name, number), slice(start, min(start + _CHUNK, size)))
        for name, size in n_bytes.items()
        for number, start in enumerate(range(0, size, _CHUNK))
    ]
