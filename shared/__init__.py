"""What coordinator and workers share: the mathematics, the data, and the messages between them.

What the notebook defines can be had from here, under its names.
"""

from shared.notebook.mnist_loader import load_data, load_data_wrapper, vectorized_result
from shared.notebook.network import Network, sigmoid, sigmoid_prime

__all__ = [
    "Network",
    "load_data",
    "load_data_wrapper",
    "sigmoid",
    "sigmoid_prime",
    "vectorized_result",
]
