"""A step is taken whole, or the run stops there."""

import json
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from coordinator.gradients.in_process import InProcessGradients
from coordinator.reporting.progress_bar import Progress
from coordinator.runs.run import Run
from coordinator.training.loop import train
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.data.dataset import Dataset, load_dataset
from shared.errors import DivergedError, LedgerError


@pytest.fixture
def run_of(small_data, tmp_path) -> Iterator[Callable[..., tuple[Run, Dataset, State]]]:
    runs = []

    def make(eta: float = 3.0) -> tuple[Run, Dataset, State]:
        data = load_dataset(small_data)
        config = TrainConfig((196, 12, 10), epochs=4, mini_batch_size=10, eta=eta, seed=0, shards=2, dtype="float32")
        run = Run.create(tmp_path / "runs", config, small_data, data)
        runs.append(run)
        state = State.initial(config)
        run.begin(state)
        return run, data, state

    yield make
    for run in runs:
        run.close()


class Poisoned(InProcessGradients):
    """Gradients that are right up to a step of an epoch."""

    def __init__(self, *arguments, step: tuple[int, int], poison: float) -> None:
        super().__init__(*arguments)
        self._step, self._poison = step, poison

    def gradient(self, parameters, epoch, batch, rows):
        gradient, n_samples = super().gradient(parameters, epoch, batch, rows)
        if (epoch, batch) == self._step:
            gradient[5] = self._poison
        return gradient, n_samples


@pytest.mark.parametrize(("poison", "eta", "at"), [(np.nan, 3.0, 17), (np.inf, 3.0, 17), (3e38, 300.0, 18)])
def test_numbers_that_are_not_finite_stop_the_run_at_their_step(run_of, poison, eta, at):
    run, data, state = run_of(eta)
    source = Poisoned(run.config, data.training, state.ledger, step=(2, 17), poison=poison)
    with np.errstate(all="ignore"), Progress(1000, 100, 4) as progress, pytest.raises(DivergedError) as error:
        train(run, data, source, state, progress)
    assert f"the gradient at step {at} of epoch 2; give less than --eta {eta:g}, or --dtype float64" in str(error.value)
    run.close()
    kept = run.state(100)
    assert (kept.epoch, kept.batch) == (2, 0)
    assert kept.parameters.sha256 == run.metrics[1].weights_sha256


class Forgetful(InProcessGradients):
    """Counts one sample too few in one step."""

    def gradient(self, parameters, epoch, batch, rows):
        gradient, n_samples = super().gradient(parameters, epoch, batch, rows)
        if (epoch, batch) == (1, 17):
            self._ledger.asked(1)
            self._ledger.answered("worker", n_samples - 1)
        return gradient, n_samples


def test_an_epoch_whose_books_do_not_come_out_is_not_closed(run_of):
    run, data, state = run_of()
    with Progress(1000, 100, 4) as progress, pytest.raises(LedgerError, match="999 of 1000 samples applied"):
        train(run, data, Forgetful(run.config, data.training, state.ledger), state, progress)
    assert [line["epoch"] for line in map(json.loads, (run.folder / "metrics.jsonl").read_text().splitlines())] == [0]
