"""The samples of data sets, kept in memory from lease to lease."""

import logging
import os
from collections import OrderedDict
from collections.abc import Collection
from functools import cache
from pathlib import Path

from shared.data.dataset import DEFAULT_DATA, find_dataset, load_dataset
from shared.data.parts import Part
from shared.data.samples import KnownSamples
from shared.errors import DataError
from shared.messaging.client import Client
from shared.transport.samples import download

_MOST = 4 * len(Part)  # parts of data sets that are kept at a time, the least recently used goes first

log = logging.getLogger(__name__)

_kept: OrderedDict[str, KnownSamples] = OrderedDict()


def local_samples(sha256: str) -> KnownSamples | None:
    """Return the samples of that digest from memory or from this machine's own files, if it has them."""
    if sha256 not in _kept and sha256 not in _look_at_own_files():
        return None
    if sha256 not in _kept:
        _look_at_own_files.cache_clear()  # they were dropped for others
        _look_at_own_files()
    if sha256 in _kept:
        _kept.move_to_end(sha256)
    return _kept.get(sha256)


def received_samples(client: Client, sha256: str) -> KnownSamples | None:
    """Return the samples of that digest from Redis, if the coordinator has put them there."""
    samples = download(client, sha256)
    if samples is not None:
        _keep(samples)
    return samples


@cache
def _look_at_own_files() -> Collection[str]:
    """Keep this machine's own samples; return the digests of their parts, or none if there are no samples."""
    try:
        data = load_dataset(find_dataset(Path(os.environ.get("GRADMQ_DATA") or DEFAULT_DATA)))
    except DataError as error:
        refusal = error.__context__  # of the system; none if these samples are only others than we could read
        if isinstance(refusal, OSError) and not isinstance(refusal, FileNotFoundError):
            log.warning("%s; the samples come through Redis instead", error)
        return ()
    # All parts: they have been read, and to read them again would be a pause in the first evaluation.
    for part in Part:
        _keep(data.part(part))
    return {data.part(part).sha256 for part in Part}


def _keep(samples: KnownSamples) -> None:
    _kept[samples.sha256] = samples
    while len(_kept) > _MOST:
        _kept.popitem(last=False)
