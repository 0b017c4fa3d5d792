"""GradMQ: distributed training over a message queue, the same weights, to the last bit, on any number of workers.

`train`, `Run` and `load_model` do what the command line does; `GradMQClassifier` and `GradMQRegressor` are
scikit-learn's kind of estimators; and what the notebook defines can be had under its names.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coordinator.api.models import Model, load_model
    from coordinator.api.runs import Run
    from coordinator.api.sweep import Sweep
    from coordinator.api.sweeping import sweep
    from coordinator.api.training import train
    from coordinator.estimators.classifier import GradMQClassifier
    from coordinator.estimators.regressor import GradMQRegressor
    from coordinator.reporting.watching import Watching
    from shared import Network, load_data, load_data_wrapper, sigmoid, sigmoid_prime, vectorized_result
    from shared.errors import GradMQError
    from shared.training.callbacks import Callback

    __version__: str

# Where the names are. They are looked up when they are asked for: the program's start, and every worker's, needs none.
_PLACES = {
    "Callback": "shared.training.callbacks",
    "GradMQClassifier": "coordinator.estimators.classifier",
    "GradMQError": "shared.errors",
    "GradMQRegressor": "coordinator.estimators.regressor",
    "Model": "coordinator.api.models",
    "Network": "shared",
    "Run": "coordinator.api.runs",
    "load_data": "shared",
    "load_data_wrapper": "shared",
    "load_model": "coordinator.api.models",
    "sigmoid": "shared",
    "sigmoid_prime": "shared",
    "Sweep": "coordinator.api.sweep",
    "sweep": "coordinator.api.sweeping",
    "Watching": "coordinator.reporting.watching",
    "train": "coordinator.api.training",
    "vectorized_result": "shared",
}
__all__ = [
    "Callback",
    "GradMQClassifier",
    "GradMQError",
    "GradMQRegressor",
    "Model",
    "Network",
    "Run",
    "Sweep",
    "Watching",
    "__version__",
    "load_data",
    "load_data_wrapper",
    "load_model",
    "sigmoid",
    "sigmoid_prime",
    "sweep",
    "train",
    "vectorized_result",
]


def __getattr__(name: str) -> Any:
    """Look up a name when it is asked for."""
    if name == "__version__":
        from gradmq._version import version

        return version()
    if name in _PLACES:
        from gradmq._packages import foreign

        if complaint := foreign():
            raise ImportError(complaint)
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name them all, so that they can be completed."""
    return __all__
