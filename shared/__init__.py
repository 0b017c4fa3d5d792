"""What coordinator and workers share: the mathematics, the data, and the messages between them.

What the notebook defines can be had from here, under its names.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.notebook.mnist_loader import load_data, load_data_wrapper, vectorized_result
    from shared.notebook.network import Network, sigmoid, sigmoid_prime

# Where the names are. They are looked up when they are asked for: until then this package loads nothing, and Ctrl-C
# is handled before NumPy is on its way.
_PLACES = {
    "Network": "shared.notebook.network",
    "load_data": "shared.notebook.mnist_loader",
    "load_data_wrapper": "shared.notebook.mnist_loader",
    "sigmoid": "shared.notebook.network",
    "sigmoid_prime": "shared.notebook.network",
    "vectorized_result": "shared.notebook.mnist_loader",
}
__all__ = [
    "Network",
    "load_data",
    "load_data_wrapper",
    "sigmoid",
    "sigmoid_prime",
    "vectorized_result",
]


def __getattr__(name: str) -> Any:
    """Look up a name when it is asked for."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name them all, so that they can be completed."""
    return __all__
