"""A run of a sweep, computed by one worker: its samples, its epochs, and how the coordinator gets what it learned."""

import logging
import time
from contextlib import closing, suppress
from dataclasses import asdict
from typing import Any

from shared.data.dataset import Dataset
from shared.data.parts import Part
from shared.data.samples import KnownSamples
from shared.environment import environment
from shared.errors import GradMQError, MachineError, QueueError, TooLargeError
from shared.fixed_problem import check_arithmetic, kernels_for
from shared.messaging.client import Client, client
from shared.messaging.keys import LIFETIME, SweepKeys
from shared.messaging.trials import BEGINS, ENDED, EPOCH, FAILED, LEFT, NEEDS_SAMPLES, REFUSED, Notice, TrialTask
from shared.model import SavedModel
from shared.training.metrics import EpochMetrics
from shared.training.whole_run import Learned, learn, why_failed
from shared.transport.models import to_bytes
from worker.departure import WORKER_LEAVING
from worker.holding import HELD, NOT_WANTED, Holding
from worker.limits import Limits
from worker.samples import local_samples, received_samples

_PAUSE = 0.1  # seconds between two looks for samples, or two attempts to reach Redis
_ANSWER = 0.02  # seconds between two looks whether the coordinator has what was learned
_RETRY = 1.0  # seconds between two notices that samples are needed, or that the run has ended
_REFUSED = 3.0  # seconds to stay with a run that is refused, so that others get the next ones

log = logging.getLogger(__name__)


class _LeftError(Exception):
    """The run is to be left before its end."""


class WholeRun:
    """One run, and one worker's way through it."""

    def __init__(self, task: TrialTask, url: str, worker: str) -> None:
        """url: of Redis.  worker: this worker's name, for people."""
        self._task, self._url, self._worker = task, url, worker
        self._keys = SweepKeys(task.sweep)
        self._redis = client(url)

    def work(self) -> str:
        """Compute it; return what became of it, in a few words."""
        try:
            with Holding(self._url, self._task, self._worker) as holding:
                if holding.why:
                    self._leave(holding)
                    return holding.why
                try:
                    return self._compute(holding)
                except _LeftError:
                    log.info("left: %s", holding.why)
                    self._leave(holding)
                    return holding.why
        except QueueError as error:  # before there was anything to lose
            return str(error)
        finally:
            self._redis.close()

    def _compute(self, holding: Holding) -> str:
        try:
            check_arithmetic(self._task.config)
            self._say(BEGINS)
            learned = self._learn(holding)
            result = self._result(learned)
        except _LeftError:
            raise
        except (MachineError, TooLargeError) as error:
            log.error("%s", error)
            self._say(REFUSED, {"reason": str(error), "too_large": isinstance(error, TooLargeError)})
            time.sleep(_REFUSED)
            return f"refused: {error}"
        except Exception as error:  # or the coordinator would wait for ever
            reason = why_failed(error)
            if not isinstance(error, GradMQError | MemoryError):
                log.exception("%s", reason)
            self._deliver(holding, Notice(FAILED, *self._names, {"reason": reason}), {})
            return f"failed: {reason}"
        self._deliver(holding, *result)
        return f"{len(learned.epochs)} epochs" + (", pruned" if learned.is_pruned else "")

    def _learn(self, holding: Holding) -> Learned:
        """Compute the epochs.  Raises _LeftError, or what is the matter with the run."""

        def after_step() -> None:
            if holding.why:
                raise _LeftError

        def after_epoch(metrics: EpochMetrics) -> None:
            self._say(EPOCH, {"metrics": asdict(metrics)})

        config, data = self._task.config, self._data(holding)
        Limits(config).check_run(len(data.training))
        return learn(config, data, dict(self._task.least), after_step, after_epoch)

    def _data(self, holding: Holding) -> Dataset:
        """Return what the run learns from, chooses by and is tested on."""
        task = self._task
        training = self._samples(holding, Part.TRAINING)
        others = [
            self._samples(holding, part) if task.samples[part] else training.first(0)
            for part in (Part.VALIDATION, Part.TEST)
        ]
        whole = Dataset(training, others[0], others[1])
        return whole.folded(task.fold, task.config.seed).first(task.config.train_samples)

    def _samples(self, holding: Holding, part: Part) -> KnownSamples:
        """Return a part of the data, telling the coordinator that it is needed if it is not on this machine."""
        sha256, noticed = self._task.samples[part], float("-inf")
        samples = local_samples(sha256)
        while samples is None:
            if holding.why:
                raise _LeftError
            with suppress(QueueError):
                samples = received_samples(self._redis, sha256, self._task.samples)
                if samples is None and time.monotonic() - noticed > _RETRY:
                    self._push(Notice(NEEDS_SAMPLES, *self._names, {"part": int(part)}))
                    noticed = time.monotonic()
            if samples is None:
                time.sleep(_PAUSE)
        return samples

    def _result(self, learned: Learned) -> tuple[Notice, dict[str, bytes]]:
        """Return the notice of what was learned, and the weights: files of models by their names."""
        config = self._task.config
        models = {
            name: SavedModel.of(config, parameters)
            for name, parameters in (("model", learned.model), ("best", learned.best))
            if parameters is not None
        }
        content = {
            "epochs": [asdict(metrics) for metrics in learned.epochs],
            "pruned": learned.is_pruned,
            "models": {name: model.digest for name, model in models.items()},
            "place": {"fixed_problem": kernels_for(config).digest, **asdict(environment())},
        }
        return Notice(ENDED, *self._names, content), {name: to_bytes(model) for name, model in models.items()}

    def _deliver(self, holding: Holding, notice: Notice, weights: dict[str, bytes]) -> None:
        """Have the coordinator get it, whatever Redis forgets meanwhile.  Raises _LeftError if that cannot be."""
        redis, key, told = self._redis, self._keys.weights(self._task.run), float("-inf")
        while True:
            try:
                is_due = time.monotonic() - told > _RETRY
                if is_due and (told < 0 or not redis.exists(self._keys.notices)):
                    if weights:
                        redis.hset(key, mapping=weights)  # type: ignore[arg-type]
                        redis.expire(key, LIFETIME)
                    self._push(notice)
                    told = time.monotonic()
                if holding.is_answered(redis):
                    return
                time.sleep(_ANSWER)
            except QueueError:
                time.sleep(_PAUSE)
            if holding.why not in ("", WORKER_LEAVING):
                raise _LeftError
            if holding.why and time.monotonic() - told > 3 * _RETRY:
                raise _LeftError

    def _leave(self, holding: Holding) -> None:
        """Tell that another is to compute it, unless another does, or nobody is to."""
        if holding.why not in (HELD, NOT_WANTED):
            self._say(LEFT)

    @property
    def _names(self) -> tuple[str, int, str]:
        return self._task.run, self._task.attempt, self._worker

    def _say(self, kind: str, content: dict[str, Any] | None = None) -> None:
        """Say something that is not missed if it is lost."""
        with suppress(QueueError):
            self._push(Notice(kind, *self._names, content or {}))

    def _push(self, notice: Notice) -> None:
        _push(self._redis, self._keys, notice)


def refuse(fields: dict[str, Any], url: str, worker: str, reason: str) -> None:
    """Tell the coordinator of a task that cannot be read who refuses it and why, as far as that can be told."""
    with suppress(QueueError, KeyError, TypeError, ValueError, OverflowError), closing(client(url)) as redis:
        notice = Notice(REFUSED, str(fields["run"]), int(fields["attempt"]), worker, {"reason": reason})
        _push(redis, SweepKeys(str(fields["sweep"])), notice)
    time.sleep(_REFUSED)


def _push(redis: Client, keys: SweepKeys, notice: Notice) -> None:
    redis.rpush(keys.notices, notice.encode())
    redis.expire(keys.notices, LIFETIME)
