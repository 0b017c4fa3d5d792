"""What coordinator and workers share: the mathematics, the data, and the messages between them."""

from shared.backprop import sigmoid, sigmoid_prime
from shared.mnist_loader import load_data, load_data_wrapper, vectorized_result
from shared.network import Network

__all__ = [
    "Network",
    "load_data",
    "load_data_wrapper",
    "sigmoid",
    "sigmoid_prime",
    "vectorized_result",
]
