"""safetensors: the weights as they are, by their names, and the network as metadata."""

import numpy as np

from coordinator.export.description import description
from shared.model import SavedModel, to_arrays


class Safetensors:
    """W_1, b_1, W_2, b_2, … as in a model.npz, whose fingerprint they have."""

    extra = "safetensors"

    def encode(self, model: SavedModel) -> bytes:
        from safetensors.numpy import save

        tensors = {name: np.ascontiguousarray(array) for name, array in to_arrays(model.parameters).items()}
        content: bytes = save(tensors, metadata=description(model))
        return content
