"""Checkpoints: a run's state on disk, whole or not at all, the one before kept."""

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from coordinator.runs.atomic import sync_folder, write_whole
from shared.accounting import EpochCounts
from shared.archive import read_arrays
from shared.config import TrainConfig
from shared.errors import LedgerError, RunError
from shared.model import from_arrays, to_arrays
from shared.nn.parameters import Parameters
from shared.nn.score import ScoreSum
from shared.optim.optimizers import Nesterov, OptimizerState
from shared.training.state import TrainingState
from shared.typed import typed

_MOST = 2**200  # of a number: costs are added as whole numbers of 2^-40, and may be as large as 2^100 each

log = logging.getLogger(__name__)


def save_checkpoint(path: Path, state: TrainingState, config: TrainConfig) -> None:
    """Write the state, and keep what was there as the one before."""
    progress = {
        "epoch": state.epoch,
        "step_index": state.step_index,
        "samples": state.samples,
        "score": asdict(state.score),
        "seconds": state.seconds,
        "counts": state.counts.to_json(),
        "excluded": state.excluded,
        "history": state.history,
        "config": config.to_json(),
    }
    text = json.dumps(progress).encode()
    arrays = {
        **to_arrays(state.parameters),
        **{f"optimizer_{name}": vector for name, vector in state.optimizer_state.items()},
        **({} if state.best is None else {"best": state.best.flat}),
        "progress": np.frombuffer(text, np.uint8),
        "sha256": np.frombuffer(_digest(text, state.parameters, state.optimizer_state, state.best), np.uint8),
    }
    # In this order, one of the two is there at any moment, and none is given up before the new one is whole.
    new = path.with_name(f"{path.stem}.new{path.suffix}")
    write_whole(new, lambda file: np.savez(file, **arrays))
    if path.exists():
        path.replace(_before(path))
    new.replace(path)
    sync_folder(path.parent)


def load_checkpoint(
    path: Path, config: TrainConfig, steps_per_epoch: int, set_aside: bool = False
) -> TrainingState | None:
    """Return the newest state that is whole, or None if there is none; say so for each that is not.

    set_aside: rename what is damaged, so that it does not take the place of the one before.
    """
    for candidate in kept_checkpoints(path):
        try:
            return _judged(_read(candidate), candidate, config, steps_per_epoch)
        except FileNotFoundError:
            continue
        except RunError:  # whole, but not to be gone on from
            raise
        # Damage can surface as nearly any error of zipfile's, NumPy's or JSON's.
        except Exception as error:
            log.warning("%s is damaged (%s); looking for an older one", candidate, " ".join(str(error).split()))
            if set_aside:
                candidate.replace(candidate.with_name(f"{candidate.stem}.damaged{candidate.suffix}"))
    return None


@dataclass
class _Progress:
    """What a checkpoint has besides vectors.  Defaults are of those that older versions wrote."""

    epoch: int
    step_index: int
    samples: int
    seconds: float
    counts: dict[str, Any]
    excluded: list[str]
    config: dict[str, Any]
    score: ScoreSum = field(default_factory=ScoreSum)  # not there before records had scores
    history: list[float] = field(default_factory=list)  # which GradMQ 0.1 did not keep


class _Content(NamedTuple):
    """What a checkpoint holds that is whole."""

    parameters: Parameters
    optimizer_state: OptimizerState
    best: Parameters | None
    progress: _Progress


def _read(path: Path) -> _Content:
    """Return what a checkpoint holds.  Raises FileNotFoundError, or nearly any other error for a damaged one."""
    arrays = read_arrays(path)
    text, digest = (arrays.pop(name).tobytes() for name in ("progress", "sha256"))
    # Under its bare name in GradMQ 0.1.
    remembered = {
        name.removeprefix("optimizer_"): arrays.pop(name)
        for name in [*arrays]
        if name.startswith("optimizer_") or name == "velocity"
    }
    best = arrays.pop("best", None)
    parameters = from_arrays(arrays)
    best = None if best is None else Parameters(parameters.sizes, parameters.dtype, best)
    if digest != _digest(text, parameters, remembered, best):
        raise ValueError("its checksum is wrong")
    fields = json.loads(text)
    if "batch" in fields:
        _translate_from_0_1(fields, remembered)
    return _Content(parameters, remembered, best, typed(_Progress, fields, most=_MOST))


def _judged(content: _Content, path: Path, config: TrainConfig, steps_per_epoch: int) -> TrainingState:
    """Return the state that a checkpoint stands for in a run.

    Raises RunError if the run's settings were changed since, ValueError if it is another run's, or none's.
    """
    parameters, remembered, best, progress = content
    if not TrainConfig.from_json(progress.config).has_steps_of(config):
        raise RunError(
            f"{path} was written under other settings than those in config.json, which has been changed; restore it"
        )
    if (parameters.sizes, parameters.dtype) != (config.sizes, config.numpy_dtype):
        raise ValueError("it belongs to another run")
    state = TrainingState(
        parameters,
        _optimizer_state(remembered, config, parameters),
        progress.epoch,
        progress.step_index,
        progress.samples,
        progress.score,
        progress.seconds,
        EpochCounts.from_json(progress.counts),
        progress.excluded,
        progress.history,
        best,
    )
    if state.epoch > config.epochs or (state.epoch == config.epochs and state.step_index):
        raise RunError(f"{path} is beyond the {config.epochs} epochs of config.json, which has changed; restore that")
    if (
        not (0 <= state.step_index <= steps_per_epoch and state.epoch >= 0)
        or len(state.history) not in (0, state.epoch)
        or (best is None) != (not state.history)
    ):
        raise ValueError("it belongs to another run")
    _check_sums(state, config, steps_per_epoch)
    return state


def _optimizer_state(remembered: OptimizerState, config: TrainConfig, parameters: Parameters) -> OptimizerState:
    """Return what the run's optimizer remembers.  Raises ValueError if that is something else."""
    expected = config.initial_optimizer_state(parameters)
    _translate_velocity(config, remembered, expected)
    if {name: vector.shape for name, vector in remembered.items()} != {
        name: vector.shape for name, vector in expected.items()
    }:
        raise ValueError("its optimizer remembers something else")
    return {name: np.ascontiguousarray(remembered[name], vector.dtype) for name, vector in expected.items()}


def _check_sums(state: TrainingState, config: TrainConfig, steps_per_epoch: int) -> None:
    """Raise ValueError unless the epoch's samples are those of its steps, and its counts and its score are of these."""
    most = state.step_index * config.samples_per_step
    least = most if state.step_index < steps_per_epoch else most - config.samples_per_step + 1  # the last may be short
    if not least <= state.samples <= most or state.score.samples not in (0, state.samples):
        raise ValueError(f"its {state.samples} samples are not those of {state.step_index} steps")
    if not (0 <= state.score.correct <= state.score.samples and state.score.cost >= 0 and state.seconds >= 0):
        raise ValueError("its score is none")
    try:
        state.counts.check(state.epoch, state.samples)
    except LedgerError:
        raise ValueError("its counts are not those of its samples") from None


def _translate_from_0_1(progress: dict[str, Any], optimizer_state: OptimizerState) -> None:
    """Translate what GradMQ 0.1 has written: two names, and a velocity that had the direction of the weights."""
    progress["step_index"], progress["counts"] = progress.pop("batch"), progress.pop("account")
    for vector in optimizer_state.values():
        np.negative(vector, vector)


def _translate_velocity(config: TrainConfig, remembered: OptimizerState, expected: OptimizerState) -> None:
    """Translate a velocity: now its product with the momentum is kept, which the next step begins with."""
    optimizer = config.step_optimizer()
    if isinstance(optimizer, Nesterov) and "velocity" in remembered and "velocity" not in expected:
        remembered["ahead"] = remembered.pop("velocity") * optimizer.momentum


def kept_checkpoints(path: Path) -> tuple[Path, Path]:
    """Return where checkpoints are, the newest first. A crash between two renames leaves the second alone."""
    return path, _before(path)


def _before(path: Path) -> Path:
    return path.with_name(f"{path.stem}.before{path.suffix}")


def _digest(text: bytes, parameters: Parameters, optimizer_state: OptimizerState, best: Parameters | None) -> bytes:
    digest = hashlib.sha256(text)
    digest.update(parameters.flat.data)
    for _, vector in sorted(optimizer_state.items()):
        digest.update(np.ascontiguousarray(vector).data)
    if best is not None:
        digest.update(best.flat.data)
    return digest.digest()
