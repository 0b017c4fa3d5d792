"""Options that follow from the data, where nobody gave them: those of the notebook are for images of digits."""

from typing import Any

from shared.data.dataset import Dataset

# For tables: a network of today, which learns from standardised columns of any kind within its first epochs.
TABLE: dict[str, Any] = {
    "activation": "relu",
    "output": "softmax",
    "initializer": "he",
    "optimizer": "adam",
    "learning_rate": 0.01,
    "mini_batch_size": 32,
    "monitor": "validation-cost",  # of the few samples of a small table, many epochs get the same number right
}
# What outputs without classes are.
NUMBERS = {"output": "linear"}
LABELS = {"output": "sigmoid", "loss": "cross-entropy"}


# Learning rates for other optimizers than that one, whose steps are not as long as the gradient says.
RATES = {"sgd": 0.1, "momentum": 0.01, "nesterov": 0.01}


def suggestions_of(data: Dataset, optimizer: str | None = None) -> dict[str, Any]:
    """Return options of `train` by their names: nothing for images with classes.

    optimizer: the one that was given, if any was; others need other learning rates.
    """
    encoding = data.encoding
    found = dict(TABLE) if encoding.columns or encoding.targets else {}
    if encoding.targets:
        found |= LABELS if encoding.has_labels else NUMBERS
    if encoding.standardize is not None:
        found["standardize"] = encoding.standardize
    if found:
        found["mini_batch_size"] = min(found["mini_batch_size"], len(data.training))
        found["optimizer"] = optimizer or found["optimizer"]
        found["learning_rate"] = RATES.get(found["optimizer"], found["learning_rate"])
    return found
