"""A lease of a window in the middle of a run, as the policies about workers are asked for it."""

from shared.messaging.lease import Lease
from tests.support.learning import CONFIG, DIGESTS, KERNELS


def template(*excluded: str) -> Lease:
    """What the leases of a window have in common."""
    return Lease(
        "run",
        7,
        CONFIG,
        DIGESTS,
        3,
        500,
        1000,
        5000,
        window=1,
        number=0,
        label="",
        excluded=excluded,
        kernels=KERNELS,
        secret="",
    )
