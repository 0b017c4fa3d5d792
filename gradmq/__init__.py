"""GradMQ: distributed training over a message queue, the same weights, to the last bit, on any number of workers.

What the notebook defines can be had from here, under its names.
"""

from typing import Any

_NOTEBOOK = ("Network", "load_data", "load_data_wrapper", "sigmoid", "sigmoid_prime", "vectorized_result")
__all__ = ["__version__", *_NOTEBOOK]


def __getattr__(name: str) -> Any:
    """Look up a name when it is asked for: the program's start, and every worker's, needs none of them."""
    if name == "__version__":
        from gradmq._version import version

        return version()
    if name in _NOTEBOOK:
        import shared

        return getattr(shared, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
