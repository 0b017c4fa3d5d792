"""The training samples, kept in memory from seat to seat."""

import os
from pathlib import Path

import redis

from shared.dataset import DEFAULT_DATA, load_dataset
from shared.errors import DataError
from shared.samples import LabelledSamples
from shared.transfer import download

# One data set at a time: a worker serves few, and they are large.
_kept: dict[str, LabelledSamples] = {}


def local_samples(sha256: str) -> LabelledSamples | None:
    """Return the samples of that digest from memory or from this machine's own files, if it has them."""
    if sha256 not in _kept:
        try:
            samples = load_dataset(Path(os.environ.get("GRADMQ_DATA") or DEFAULT_DATA)).training
        except DataError:
            return None
        if samples.sha256 != sha256:
            return None
        _keep(samples)
    return _kept[sha256]


def received_samples(client: redis.Redis, sha256: str) -> LabelledSamples | None:
    """Return the samples of that digest from Redis, if the coordinator has put them there."""
    samples = download(client, sha256)
    if samples is not None:
        _keep(samples)
    return samples


def _keep(samples: LabelledSamples) -> None:
    _kept.clear()
    _kept[samples.sha256] = samples
