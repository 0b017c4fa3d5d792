"""A training without a folder: of samples in memory, to a model in memory."""

import secrets
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coordinator.reporting.progress_bar import ProgressBar
from coordinator.session import RunOptions, compute
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.errors import QueueError
from shared.fixed_problem import check_arithmetic
from shared.nn.parameters import Parameters
from shared.training.callbacks import Callback
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState

_PATIENCE = 1.0  # seconds before a bar is shown: most fits are done by then


@dataclass
class TrainingInMemory(Callback):
    """A training, and what came of it so far."""

    config: TrainConfig
    state: TrainingState
    epochs: list[EpochMetrics] = field(default_factory=list)

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        self.epochs.append(metrics)

    @property
    def parameters(self) -> Parameters:
        """The weights to use: of the best epoch, or if nothing is monitored those so far."""
        return self.state.model if self.state.best is None else self.state.best

    def run(
        self, dataset: Dataset, options: RunOptions, callbacks: Sequence[Callback] = (), shown: bool | None = None
    ) -> None:
        """Train to the end, or until an interrupt, after which the state is that between two steps.

        shown: whether there is a progress bar; None: where somebody can see it.
        Raises ConfigError, DataError, QueueError, DivergedError or MachineError.
        """
        training = dataset.training
        self.config.check_data(len(training), training.n_inputs, training.n_outputs, dataset.has_classes)
        self.config.check_validation(len(dataset.validation))
        dataset.check_inputs(self.config.arithmetic, self.config.output)
        check_arithmetic(self.config)
        options.check_queue()
        folder = Path(tempfile.mkdtemp(prefix="gradmq-fit-"))
        try:
            with ProgressBar(self.config, len(training), shown, delay=_PATIENCE) as progress:
                compute(
                    *(self.config, dataset, self.state, options),
                    [self, progress, *callbacks],
                    run_id=f"fit-{secrets.token_hex(6)}",
                    data=folder,  # where there is nothing: workers have the samples from us
                    log_folder=folder,
                )
        except QueueError:  # whose message may tell to look into its logs
            raise
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)
