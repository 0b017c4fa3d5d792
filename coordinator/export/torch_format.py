"""PyTorch: a state_dict for an `nn.Sequential` of `nn.Linear` and activations, which loads with `weights_only`."""

import io
from typing import Any

from coordinator.export.description import description
from shared.model import SavedModel


class Torch:
    """{"state_dict": {"0.weight": …, "0.bias": …, "2.weight": …}, "network": what they are weights of}."""

    extra = "torch"

    def encode(self, model: SavedModel) -> bytes:
        import torch

        state: dict[str, Any] = {}
        layers = zip(model.parameters.weights, model.parameters.biases, strict=True)
        for number, (w, b) in enumerate(layers):
            # Every other module is an activation.
            state[f"{2 * number}.weight"] = torch.from_numpy(w.copy())
            state[f"{2 * number}.bias"] = torch.from_numpy(b[:, 0].copy())
        content = io.BytesIO()
        torch.save({"state_dict": state, "network": description(model)}, content)
        return content.getvalue()
