"""States of a run that nobody has computed, but whose sums agree."""

from shared.accounting import EpochCounts, WorkerCounts
from shared.config import TrainConfig
from shared.training.state import TrainingState


def has_taken(state: TrainingState, steps: int, config: TrainConfig) -> TrainingState:
    """Have it taken so many full steps of its epoch, each answered at once by the same worker."""
    state.step_index, state.samples = steps, steps * config.samples_per_step
    state.counts = EpochCounts(requests=steps)
    state.counts.of("worker@host:2").add(WorkerCounts(answered=steps, late=2, samples=state.samples))
    return state
