"""What goes into an exported file beside the weights: what they are weights of."""

from gradmq._version import version
from shared.model import Model


def description(model: Model) -> dict[str, str]:
    """Return the network as words, by the names that `gradmq train` has for its options."""
    found = {
        "gradmq": version(),
        "sizes": ",".join(map(str, model.parameters.sizes)),
        "activation": model.activation,
        "output": model.output,
        "loss": model.loss,
        "arithmetic": model.arithmetic,
        "dtype": model.parameters.dtype.name,
        "weights_sha256": model.parameters.sha256,
    }
    if model.standardize is not None:
        mean, deviation = model.standardize
        found["standardize"] = f"{mean!r},{deviation!r}"
    return found
