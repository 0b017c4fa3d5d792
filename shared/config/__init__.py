"""What decides the bits of a run, its checks, and how it is written down."""

from shared.config.text import join
from shared.config.train_config import TrainConfig

__all__ = ["TrainConfig", "join"]
