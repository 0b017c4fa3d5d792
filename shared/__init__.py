"""What coordinator and workers share: the mathematics, the data, and the messages between them."""

from shared.nn.mlp import sigmoid, sigmoid_prime
from shared.notebook.mnist_loader import load_data, load_data_wrapper, vectorized_result
from shared.notebook.network import Network

__all__ = [
    "Network",
    "load_data",
    "load_data_wrapper",
    "sigmoid",
    "sigmoid_prime",
    "vectorized_result",
]
