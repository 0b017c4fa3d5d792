"""A lease of a window in the middle of a run, as the policies about workers are asked for it."""

from shared.config import TrainConfig
from shared.messaging.lease import Lease
from shared.strategies import SyncSGD
from tests.support.learning import KERNELS

CONFIG = TrainConfig(
    sizes=(12, 5, 3),
    epochs=1,
    mini_batch_size=6,
    learning_rate=3.0,
    seed=5,
    arithmetic="native",
    strategy=SyncSGD(shards=4),
)


def template(*excluded: str) -> Lease:
    """What the leases of a window have in common."""
    return Lease(
        "run", 7, CONFIG, "digest", 3, 500, 1000, window=1, number=0, label="", excluded=excluded, kernels=KERNELS
    )
