"""A job that takes no time, learnt from whatever source of gradients."""

from dataclasses import replace

import numpy as np

from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.data.parts import Part
from shared.data.sampler import Step
from shared.data.samples import LabelledSamples
from shared.fixed_problem import kernels_for
from shared.nn.parameters import Parameters
from shared.parallel.evaluation import Evaluation
from shared.parallel.strategy import strategy_of
from shared.parallel.work import Work
from shared.strategies import SyncSGD
from shared.training.gradients import GradientSource
from shared.training.in_process import InProcessGradients
from shared.training.state import TrainingState

CONFIG = TrainConfig(
    sizes=(12, 5, 3),
    epochs=1,
    mini_batch_size=6,
    learning_rate=3.0,
    seed=5,
    arithmetic="native",
    strategy=SyncSGD(shards=4),
)
EXACT = replace(CONFIG, arithmetic="exact", dtype="", strategy=SyncSGD())
KERNELS = kernels_for(CONFIG)
SECRET = "5ec3e7ed" * 4  # of leases that no coordinator grants
_rng = np.random.default_rng(0)
SAMPLES = LabelledSamples(_rng.integers(0, 256, (60, 12)).astype(np.uint8), _rng.integers(0, 3, 60), 3)


def more_samples(count: int) -> LabelledSamples:
    """Others of the same kind."""
    return LabelledSamples(_rng.integers(0, 256, (count, 12)).astype(np.uint8), _rng.integers(0, 3, count), 3)


# Of what is evaluated, four chunks and a half and two, so that it can be divided among workers.
DATA = Dataset(SAMPLES, more_samples(4500), more_samples(2000))
DIGESTS = tuple(DATA.part(part).sha256 for part in Part)


def step_of(index: int, config: TrainConfig = CONFIG) -> Step:
    """A step of the first epoch."""
    return config.sampler(len(SAMPLES)).step(0, index)


def evaluation_of(part: Part, config: TrainConfig = CONFIG) -> Step:
    """The evaluation at the first epoch's end."""
    return config.sampler(len(SAMPLES)).evaluation(0, part, len(DATA.part(part)))


def work_of(number: int, config: TrainConfig = CONFIG) -> tuple[Work, Step]:
    """The step of that number in the first epoch, perhaps an evaluation, and what its units are."""
    sampler = config.sampler(len(SAMPLES))
    part = sampler.evaluated(number)
    if part is None:
        return strategy_of(config, SAMPLES), sampler.step(0, number)
    return Evaluation(config, DATA.part(part)), evaluation_of(part, config)


def learn(
    source: GradientSource, steps: int = 10, config: TrainConfig = CONFIG, state: TrainingState | None = None
) -> tuple[str, int]:
    """Take the first steps with the source's gradients; return the fingerprint and the samples counted.

    state: takes them; by default a new one.
    """
    state = state or TrainingState.initial(config)
    strategy = strategy_of(config, SAMPLES)
    for index in range(steps):
        step = step_of(index, config)
        result = source.gradient(state.parameters, step)
        while result.liars:  # such a step is not to be taken
            for liar in result.liars:
                state.counts.of(liar).rejected += result.counts.of(liar).rejected
            state.exclude(result.excluded)
            result = source.gradient(state.parameters, step)
        state.apply(strategy, step, result)
    return state.parameters.sha256, state.samples


def alone(config: TrainConfig = CONFIG) -> InProcessGradients:
    """The gradients in one process."""
    return InProcessGradients(config, DATA)


def drawn(sizes: tuple[int, ...], seed: int = 0, dtype: str = "float32") -> Parameters:
    """Parameters as a native run with that seed would begin with."""
    return replace(CONFIG, sizes=sizes, seed=seed, dtype=dtype).initial_parameters()
