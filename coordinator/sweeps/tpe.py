"""Values that earlier trials suggest: Optuna's TPE. The only file that knows Optuna.

Each trial is asked for by a sampler and a study of its own, made of the earlier trials in their order: so it depends on
nothing but them and the seed, and a sweep that goes on asks for the same (J. Bergstra et al., "Algorithms for
hyper-parameter optimization", 2011).
"""

from collections.abc import Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from coordinator.sweeps.methods import Random, Tried
from coordinator.sweeps.space import Choices, Dimension, Space, Values

_DRAWN = 10  # trials that must have come out before any is suggested; until then they are drawn


class TPE:
    """A tree-structured Parzen estimator."""

    needs_earlier = True

    def __init__(self, space: Space, seed: int) -> None:
        self._space, self._seed = space, seed
        self._drawn = Random(space, seed)
        self._distributions = {name: _distribution(dimension) for name, dimension in space.items()}
        optuna.logging.set_verbosity(optuna.logging.WARNING)

    def values(self, number: int, earlier: Mapping[int, Tried]) -> Values:
        told = [earlier[key] for key in sorted(earlier)]
        if sum(each.score is not None for each in told) < _DRAWN:
            return self._drawn.values(number, earlier)
        # Seeds of 32 bits, of which trials of other sweeps have others.
        sampler = optuna.samplers.TPESampler(n_startup_trials=1, seed=(self._seed * 100_003 + number) % 2**32)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.add_trials([self._trial(each) for each in told])
        found = study.ask(self._distributions).params
        return {name: _value(dimension, found[name]) for name, dimension in self._space.items()}

    def _trial(self, tried: Tried) -> optuna.trial.FrozenTrial:
        params = {name: _param(self._space[name], value) for name, value in tried.values.items()}
        kept: dict[str, Any] = {"params": params, "distributions": self._distributions}
        if tried.score is None:
            return create_trial(state=TrialState.FAIL, **kept)
        state = TrialState.PRUNED if tried.is_pruned else TrialState.COMPLETE
        return create_trial(state=state, value=tried.score, intermediate_values=dict(enumerate(tried.course)), **kept)


def _distribution(dimension: Dimension) -> BaseDistribution:
    if isinstance(dimension, Choices):
        return CategoricalDistribution(range(len(dimension.values)))
    if dimension.whole:
        return IntDistribution(round(dimension.low), round(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _value(dimension: Dimension, param: Any) -> Any:
    """Return the value of a parameter, which of choices is their number."""
    return dimension.values[param] if isinstance(dimension, Choices) else dimension.rounded(param)


def _param(dimension: Dimension, value: Any) -> Any:
    return dimension.values.index(value) if isinstance(dimension, Choices) else value
