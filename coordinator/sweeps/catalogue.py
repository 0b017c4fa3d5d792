"""The methods by which a sweep can be searched."""

from importlib.util import find_spec

from coordinator.sweeps.methods import Grid, Method, Random
from coordinator.sweeps.space import Space
from shared.errors import ConfigError

METHODS = ("grid", "random", "tpe")


def method_of(name: str, space: Space, seed: int) -> Method:
    """Return a method by its name.  Raises ConfigError for one that needs what is not installed."""
    if name == "grid":
        return Grid(space)
    if name == "random":
        return Random(space, seed)
    if find_spec("optuna") is None:
        raise ConfigError("method", name, "needs Optuna, which is not installed", "pip install 'gradmq[sweep]'")
    from coordinator.sweeps.tpe import TPE

    return TPE(space, seed)
