"""What a forecast means for the user, in sentences."""

import math
from dataclasses import dataclass

from coordinator.planning.cost_model import CostModel, Forecast
from shared.strategies import LocalSGD

_GOOD_ENOUGH = 0.95  # of the highest speed: fewer workers that reach this are better
_WORTH_IT = 1.1  # times the speed of the alternative
_SMALL = 0.1  # share of a step that communication should not exceed


@dataclass(frozen=True)
class Advice:
    """How many workers are best, why no more, and whether to use local steps."""

    best: Forecast
    sentences: list[str]


def advise(model: CostModel, most: int, replicas: int | None = None) -> Advice:
    """Look at 0 to `most` workers, at least 1.

    replicas: that would take local steps, if they don't yet; default: as many as workers are best, at least 2.
    """
    forecasts = [model.forecast(workers) for workers in range(most + 1)]
    highest = max(each.samples_per_second for each in forecasts)
    best = next(each for each in forecasts if each.samples_per_second >= _GOOD_ENOUGH * highest)
    sentences = [_best(model, best, forecasts)]
    sentences.append(
        _local_steps_taken(model, strategy)
        if isinstance(strategy := model.config.strategy, LocalSGD)
        else _local_steps(model, best, replicas or max(best.workers, 2))
    )
    return Advice(best, sentences)


def _best(model: CostModel, best: Forecast, forecasts: list[Forecast]) -> str:
    speed_up = best.samples_per_second / forecasts[0].samples_per_second
    if best.workers == 0:
        one = forecasts[1]
        return (
            f"No workers are best: what a step computes takes {_ms(best.seconds)} here, communicating with one worker "
            f"{_ms(one.link + one.host)} more{_of_which(one)}."
        )
    many = "1 worker is" if best.workers == 1 else f"{best.workers} workers are"
    text = f"{many} best, {speed_up:.1f} times as fast as none"
    limit = _limit(model, best, len(forecasts) - 1)
    return (
        f"{text}; more do not help: {limit}." if limit else f"{text}; more than these {best.workers} may help further."
    )


def _of_which(forecast: Forecast) -> str:
    """What the larger part of communication is, where there is a network."""
    return f", of which the link {_ms(forecast.link)}" if forecast.link else ""


def _limit(model: CostModel, best: Forecast, most: int) -> str:
    """What keeps more workers from helping; nothing if they were not looked at."""
    if best.workers >= model.config.shards_per_step:
        return f"a step has {model.config.shards_per_step} {_kind(model)} to share out"
    if model.link is None and best.workers >= model.cores:
        return f"they share {model.cores} cores"
    if best.workers == most:
        return ""
    name, seconds = max(
        ("the link", best.link), ("the work of coordinator and Redis", best.host), key=lambda limit: limit[1]
    )
    return f"{name} already takes {_ms(seconds)} of a step's {_ms(best.seconds)}"


def _kind(model: CostModel) -> str:
    if model.config.strategy.divisible:
        return "samples"
    return "replicas" if isinstance(model.config.strategy, LocalSGD) else "shards (--shards makes more, and other bits)"


def _local_steps(model: CostModel, best: Forecast, replicas: int) -> str:
    local_steps = enough_local_steps(model, replicas)
    local = model.local(replicas, local_steps)
    gain = local.samples_per_second / best.samples_per_second
    options = f"--local-steps {local_steps} --replicas {replicas}"
    if gain < _WORTH_IT:
        return f"Local steps are not worth it: {options} would be {gain:.1f} times as fast."
    return (
        f"Local steps are worth a try: from {options} on communication takes under {_SMALL:.0%} of a step, and it is "
        f"{gain:.1f} times as fast; but that is another algorithm."
    )


def _local_steps_taken(model: CostModel, taken: LocalSGD) -> str:
    replicas = taken.replicas
    local_steps = enough_local_steps(model, replicas)
    forecast = model.forecast(replicas)
    share = (forecast.link + forecast.host) / forecast.seconds
    now = f"With {replicas} workers communication takes {share:.0%} of a step"
    if taken.local_steps >= local_steps:
        return f"{now}; fewer --local-steps would do, down to {local_steps}."
    return f"{now}; from --local-steps {local_steps} on it would be under {_SMALL:.0%}."


def enough_local_steps(model: CostModel, replicas: int) -> int:
    """Return from how many local steps on communication takes under a tenth of a step."""
    one = model.local(replicas, 1)
    return max(1, math.ceil((one.link + one.host) * (1 - _SMALL) / _SMALL / one.compute))


def _ms(seconds: float) -> str:
    """Return a time with three digits or so."""
    return f"{seconds * 1000:.{2 if seconds < 0.01 else 1 if seconds < 0.1 else 0}f} ms"
