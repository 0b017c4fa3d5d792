"""The samples of data sets, kept in memory from lease to lease."""

import logging
import os
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np

from shared.data.dataset import DEFAULT_DATA, find_dataset, load_dataset
from shared.data.parts import Part
from shared.data.samples import KnownSamples
from shared.errors import DataError
from shared.messaging.client import Client
from shared.transport.samples import download

_MOST = 4 * len(Part)  # received parts of data sets that are kept at a time; the least recently used goes first
_MOST_BYTES = 2**30  # of memory that they take together, unless those of one run take more

log = logging.getLogger(__name__)

_received: OrderedDict[str, KnownSamples] = OrderedDict()


def local_samples(sha256: str) -> KnownSamples | None:
    """Return the samples of that digest from memory or from this machine's own files, if it has them."""
    if sha256 in _received:
        _received.move_to_end(sha256)
        return _received[sha256]
    return _own_samples().get(sha256)


def received_samples(client: Client, sha256: str, needed: Collection[str]) -> KnownSamples | None:
    """Return the samples of that digest from Redis, if the coordinator has put them there.

    needed: digests of all parts that the run has: these stay.
    """
    samples = download(client, sha256)
    if samples is not None:
        keep(samples, needed)
    return samples


def keep(samples: KnownSamples, needed: Collection[str] = ()) -> None:
    """Keep samples that were received, until there are too many."""
    _received[samples.sha256] = samples
    for other in [each for each in _received if each != samples.sha256 and each not in needed]:
        if len(_received) <= _MOST and sum(map(_in_memory, _received.values())) <= _MOST_BYTES:
            return
        del _received[other]


def forget() -> None:
    """Forget all samples, and look at this machine's own files again."""
    _received.clear()
    _own_samples.cache_clear()


@cache
def _own_samples() -> Mapping[str, KnownSamples]:
    """Return this machine's own samples by their digests, or none if there are no samples."""
    try:
        data = load_dataset(find_dataset(Path(os.environ.get("GRADMQ_DATA") or DEFAULT_DATA)))
    except DataError as error:
        refusal = error.__context__  # of the system; none if these samples are only others than we could read
        if isinstance(refusal, OSError) and not isinstance(refusal, FileNotFoundError):
            log.warning("%s; the samples come through Redis instead", error)
        return {}
    # All parts: they have been read, and to read them again would be a pause in the first evaluation.
    return {data.part(part).sha256: data.part(part) for part in Part}


def _in_memory(samples: KnownSamples) -> int:
    """Return how many bytes of memory samples take: what lies in files takes none."""
    arrays = [getattr(samples, each.name) for each in fields(samples)]
    return sum(each.nbytes for each in arrays if isinstance(each, np.ndarray) and not isinstance(each, np.memmap))
