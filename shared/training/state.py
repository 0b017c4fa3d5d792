"""How far a run is: all that has to be kept to go on from here to the same bits."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace

from shared.accounting import MOST_EXCLUDED, EpochCounts
from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.nn.parameters import Parameters
from shared.nn.score import ScoreSum
from shared.optim.optimizers import OptimizerState
from shared.optim.update import averaged
from shared.parallel.strategy import Strategy
from shared.signals import uninterrupted
from shared.training.choice import improves
from shared.training.gradients import StepResult


@dataclass
class TrainingState:
    """A run between two steps."""

    parameters: Parameters
    optimizer_state: OptimizerState = field(default_factory=dict)
    epoch: int = 0
    step_index: int = 0  # of the epoch's next step
    samples: int = 0  # of the epoch so far
    score: ScoreSum = field(default_factory=ScoreSum)  # of these samples, each before the step that it was part of
    seconds: float = 0.0  # spent on the epoch so far
    counts: EpochCounts = field(default_factory=EpochCounts)  # of the epoch so far
    excluded: list[str] = field(default_factory=list)  # workers that get no more work in this run
    history: list[float] = field(default_factory=list)  # what was monitored in each finished epoch; higher is better
    best: Parameters | None = None  # the model after the best of these epochs; never changed, only replaced

    @classmethod
    def initial(cls, config: TrainConfig, start: Parameters | None = None) -> "TrainingState":
        """Return the state before the first step.  start: the weights to begin with; default: drawn ones."""
        parameters = config.initial_parameters() if start is None else start.converted(config.numpy_dtype)
        return cls(parameters, config.initial_optimizer_state(parameters))

    @property
    def trained(self) -> bool:
        """Whether any step was taken."""
        return self.epoch > 0 or self.step_index > 0

    @property
    def begun_epochs(self) -> int:
        """How many epochs have begun: those in whose ledgers anything can be."""
        return self.epoch + bool(self.step_index)

    @property
    def model(self) -> Parameters:
        """The weights to evaluate and to save: those of the last step, or the average of many."""
        return averaged(self.parameters, self.optimizer_state)

    def apply(self, strategy: Strategy, step: Step, result: StepResult, reductions: int = 0) -> None:
        """Take a step: whole, or (before a signal gets through) not at all. Nothing else changes weights or counts.

        reductions: of the learning rate, by what the history so far tells its schedule.
        """
        with uninterrupted:
            strategy.update(self.parameters, self.optimizer_state, step, result.total, reductions)
            self.step_index += 1
            self.samples += result.score.samples
            self.score.add(result.score)
            self.counts.add(result.counts)
            self.exclude(result.excluded)

    def exclude(self, workers: Iterable[str]) -> None:
        """Keep in mind who gets no more work: that is so whether or not the step is taken in which it turned out.

        Of very many, the newest.
        """
        self.excluded += [worker for worker in workers if worker not in self.excluded]
        del self.excluded[:-MOST_EXCLUDED]

    def next_epoch(self, value: float | None = None) -> None:
        """Begin the next epoch, with a ledger of its own.

        value: what was monitored in the one that ends, higher is better; None: nothing was.
        """
        if value is not None:
            if improves(self.history, value):
                self.best = self.model.copy()
            self.history.append(value)
        self.epoch, self.step_index, self.samples, self.seconds = self.epoch + 1, 0, 0, 0.0
        self.score, self.counts = ScoreSum(), EpochCounts()

    def go_back(self, earlier: "TrainingState") -> None:
        """Become an earlier state, whose vectors are ours from now on. Who is excluded stays so."""
        excluded = self.excluded
        for each in fields(self):
            setattr(self, each.name, getattr(earlier, each.name))
        self.exclude(excluded)

    def copy(self) -> "TrainingState":
        """Return the state as it is now, which later steps do not change."""
        counts = EpochCounts()
        counts.add(self.counts)
        return replace(
            self,
            parameters=self.parameters.copy(),
            optimizer_state={name: vector.copy() for name, vector in self.optimizer_state.items()},
            score=replace(self.score),
            counts=counts,
            excluded=[*self.excluded],
            history=[*self.history],
        )
