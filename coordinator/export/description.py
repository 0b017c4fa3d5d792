"""What an exported file says beside the weights: what they are weights of."""

import json
from collections.abc import Sequence

from gradmq._version import version
from shared.data.columns import Numeric
from shared.data.encoding import IDENTITY, Encoding
from shared.model import SavedModel


def description(model: SavedModel) -> dict[str, str]:
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
    if model.encoding != IDENTITY:
        found["encoding"] = json.dumps(model.encoding.to_json())
    if not model.predicts_numbers:
        found["classes"] = json.dumps(model.answer_names)
    return found


def numeric_columns(encoding: Encoding) -> Sequence[Numeric]:
    """Return the columns of an encoding, if all of them are numbers; else none."""
    numeric = [column for column in encoding.columns if isinstance(column, Numeric)]
    return numeric if len(numeric) == len(encoding.columns) else ()
