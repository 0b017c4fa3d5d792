"""Jobs, drawn: networks of several kinds, every optimizer, both arithmetics, both strategies."""

import random
from typing import Any

from shared.optim.optimizers import OPTIMIZERS

_INPUTS, _OUTPUTS = "196", "10"  # of the tests' part of MNIST
_HIDDEN = ("", "12", "30", "16,8", "40,20,10")
_ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky-relu")
_ENDS = (("sigmoid", "quadratic"), ("sigmoid", "cross-entropy"), ("softmax", "cross-entropy"), ("linear", "huber"))
# So small that no network of these has weights that are not finite, whatever it is.
_RATES = {"sgd": 0.1, "momentum": 0.01, "nesterov": 0.01, "rmsprop": 0.001, "adam": 0.001, "adamw": 0.001}


def drawn(dice: random.Random) -> dict[str, Any]:
    """Return options of `gradmq train`, but for their number of epochs."""
    output, loss = dice.choice(_ENDS)
    optimizer = dice.choice([*OPTIMIZERS])
    options: dict[str, Any] = {
        "sizes": ",".join(filter(None, [_INPUTS, dice.choice(_HIDDEN), _OUTPUTS])),
        "activation": dice.choice(_ACTIVATIONS),
        "output": output,
        "loss": loss,
        "optimizer": optimizer,
        "learning_rate": _RATES[optimizer],
        "mini_batch_size": dice.choice([5, 10, 16, 50]),
        "seed": dice.randrange(1000),
    }
    if dice.random() < 0.3:
        options["arithmetic"] = "native"
    if dice.random() < 0.3:
        options |= {"local_steps": dice.choice([1, 4, 10]), "replicas": dice.choice([1, 2, 3])}
    elif options.get("arithmetic") == "native":
        options["shards"] = dice.choice([1, 2, 3])
    if dice.random() < 0.3:
        options["dropout"] = 0.2
    if dice.random() < 0.2:
        options["l2"] = 0.1
    if dice.random() < 0.2:
        options["ema"] = 0.9
    if dice.random() < 0.15:
        options["augment"] = "rotate=9"
    return options
