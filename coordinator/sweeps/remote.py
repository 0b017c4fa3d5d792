"""Runs that workers compute, one a worker: whole runs as Celery tasks, and what was learned through Redis.

Who computes a run gives a sign of life (`worker.holding`). A run whose holder gives none any more, or was told to stop,
is given to another; one that has cost two workers their lives is given to no third. What is in the queue and is lost
with it is sent again.
"""

import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from coordinator.gradients.floods import Floods
from coordinator.gradients.reply_stream import ReplyStream
from coordinator.runs.places import Place
from coordinator.sweeps.trial_queue import TrialQueue
from coordinator.sweeps.trials import Ended, GivenRun
from shared.data.parts import Part
from shared.data.samples import KnownSamples
from shared.errors import ForbiddenError, QueueError
from shared.messaging.addresses import broker_url
from shared.messaging.client import client
from shared.messaging.keys import WANTED_LIFETIME, SweepKeys
from shared.messaging.trials import BEGINS, ENDED, EPOCH, FAILED, LEFT, NEEDS_SAMPLES, REFUSED, Report, TrialTask
from shared.training.metrics import EpochMetrics
from shared.training.whole_run import Learned
from shared.transport.models import from_bytes
from shared.transport.samples import upload
from shared.typed import typed

_MOST_AT_ONCE = 100  # reports that are heard before we look around
_MOST_WAITING = 10_000  # which workers send again if they matter
_LONGEST_HOLDER = 1000  # bytes of who holds a run
_LONGEST = 2**24  # bytes of a report: those of an ended run have the figures of all its epochs
_NONE = 0  # attempts are numbered from 1
_EVERY = 1.0  # seconds between two looks at who holds what
_LOST = 3.0  # seconds after its sign of life has expired, after which a worker counts as lost
_LATE = 5.0  # seconds after which a run that nobody holds is sent again, if the queue is empty
_SILENT = 10.0  # seconds without any worker after which we say so
_PAUSE = 0.2  # seconds between two attempts to go on after a failure
_MOST_DEATHS = 2
_MOST_VANISHED = 5
_WAITING = 2  # runs that wait in the queue for whoever is free, at least


log = logging.getLogger(__name__)


@dataclass
class _Given:
    """A run that is not over."""

    run: GivenRun
    attempt: int = 1
    sent: float | None = None  # when; None: it is to be sent
    held: float | None = None  # when it was last seen to be held in this attempt
    deaths: int = 0
    vanished: int = 0  # how often somebody took it and nobody held it
    patience: float = _LATE
    worker: str = ""  # who has begun with it


class RemoteTrials:
    """Gives runs to workers.  What comes first of a run counts."""

    def __init__(
        self,
        url: str,
        broker: str | None = None,
        supervise: Callable[[], None] | None = None,
        say: Callable[[str], None] = lambda line: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """url: of Redis.  broker: Celery's, if it is not that.  supervise: looks after workers that are ours.

        say: is told what a person should know.
        """
        self._identity = secrets.token_hex(8)
        self._keys = SweepKeys(self._identity)
        self._client = client(url)
        self._floods = Floods(self._client)
        self._reports, self._report = ReplyStream(url, self._keys.reports), np.empty(_LONGEST, np.uint8)
        self._queue = TrialQueue(broker_url(url, broker), self._client)
        self._supervise, self._say, self._clock = supervise or _nobody, say, clock
        self._are_others = supervise is None  # whether somebody else has to start workers
        self._given: dict[str, _Given] = {}
        self._began = self._looked = clock()
        self._heard = False  # of any worker
        self._is_away = False
        self._refused: set[str] = set()  # the workers that we have told of
        self._ended: list[Ended] = []  # and not returned yet

    @property
    def _held(self) -> int:
        return sum(given.held is not None for given in self._given.values())

    def wants_more(self) -> bool:
        return len(self._given) - self._held < max(_WAITING, self._held)

    def give(self, run: GivenRun) -> None:
        self._given[run.name] = _Given(run)

    def cancel(self, name: str) -> None:
        if self._given.pop(name, None) is not None:
            with suppress(QueueError):  # it expires
                self._client.set(self._keys.wanted(name), _NONE, ex=WANTED_LIFETIME)  # a worker may wait for that

    @property
    def status(self) -> str:
        held = self._held
        return f"{held} at work" if held else "waiting for a worker"

    def wait(self) -> list[Ended]:
        """Look after the runs; return those that have ended.  Raises QueueError for a cluster that does not live."""
        self._supervise()
        try:
            self._send_due()
            if self._clock() - self._looked >= _EVERY:
                self._look()
            self._listen()
            if self._is_away:
                self._is_away = False
                self._came_back()
            self._give_up()
        except ForbiddenError:  # trying again is of no use
            raise
        except QueueError as error:
            if not self._is_away:
                self._say(f"waiting for Redis and the broker: {error}")
            self._is_away = True
            time.sleep(_PAUSE)
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """Tell workers that nothing is wanted any more."""
        with suppress(QueueError):
            keys = [key(name) for name in self._given for key in (self._keys.wanted, self._keys.weights)]
            self._client.delete(self._keys.reports, *keys)
        self._reports.disconnect()
        self._queue.close()
        self._client.close()

    def _send_due(self) -> None:
        for given in self._given.values():
            if given.sent is None:
                self._want(given)
                self._queue.send(self._task(given))
                given.sent, given.held, given.worker = self._clock(), None, ""

    def _want(self, given: _Given) -> None:
        self._client.set(self._keys.wanted(given.run.name), given.attempt, ex=WANTED_LIFETIME)

    def _task(self, given: _Given) -> TrialTask:
        run = given.run
        whole, data = run.prepared.whole, run.prepared.dataset
        # Validation samples that a fold takes the place of, and parts without any, are not needed.
        parts = [whole.training, whole.validation if run.fold is None else data.validation.first(0), whole.test]
        samples = tuple(each.sha256 if len(each) else "" for each in parts)
        least = tuple(sorted(run.least.items()))
        return TrialTask(self._identity, run.name, given.attempt, run.prepared.config, samples, run.fold, least)

    def _look(self) -> None:
        """Give our sign of life; see who holds what, and what is lost."""
        self._looked = now = self._clock()
        names = [name for name, given in self._given.items() if given.sent is not None]
        if not names:
            return
        for name in names:
            self._want(self._given[name])
        self._queue.keep_keys()
        self._floods.drop(self._keys.reports, _MOST_WAITING)
        with self._client.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.getrange(self._keys.held(name), 0, _LONGEST_HOLDER)
            held = cast(list[bytes], pipeline.execute())
        for name, holder in zip(names, held, strict=True):
            given = self._given[name]
            parts = holder.split(b":", 2)  # see `worker.holding`
            if len(parts) == 3 and parts[0] == b"%d" % given.attempt:
                given.held, given.worker, self._heard = now, parts[2].decode(errors="replace"), True
            elif given.held is not None and now - given.held > _LOST:
                self._lost(given)
        waiting = [self._given[name] for name in names if self._given[name].held is None]
        late = [given for given in waiting if given.sent is not None and now - given.sent > given.patience]
        if late and self._queue.is_taken():
            for given in late:
                given.sent, given.patience, given.vanished = None, 2 * given.patience, given.vanished + 1
        if self._are_others and not self._heard and now - self._began > _SILENT:
            self._are_others = False
            self._say("no worker has taken a trial yet; start one with: gradmq worker --redis URL")

    def _lost(self, given: _Given) -> None:
        given.deaths += 1
        if given.deaths < _MOST_DEATHS:
            who = given.worker or "its worker"
            self._say(f"{given.run.name}: {who} was lost; another is to begin it again")
            self._again(given)

    def _again(self, given: _Given) -> None:
        given.attempt += 1
        given.sent = given.held = None

    def _give_up(self) -> None:
        """End the runs that are given to nobody any more."""
        for name, given in [*self._given.items()]:
            if given.deaths >= _MOST_DEATHS:
                last = given.worker or "an unknown one"
                reason = f"has cost {_MOST_DEATHS} workers their lives, the last was {last}"
            elif given.vanished > _MOST_VANISHED:
                reason = f"was given to workers {_MOST_VANISHED} times, and none was seen to begin; see their logs"
            else:
                continue
            self._ended.append(Ended(name, reason=reason))
            self.cancel(name)

    def _came_back(self) -> None:
        """Nobody could be seen while Redis was away, so that all begin anew with their signs of life."""
        now = self._clock()
        for given in self._given.values():
            if given.held is not None:
                given.held = now
            if given.sent is not None:
                given.sent = now

    def _listen(self) -> None:
        """Take what workers say."""
        try:
            for _ in range(_MOST_AT_ONCE):
                size = self._reports.read(self._report, 1)
                if size is None:
                    return
                report = Report.decode(self._report[:size].tobytes()) if size <= _LONGEST else None
                if report is not None:
                    self._hear(report)
        except QueueError:
            self._reports.disconnect()
            raise

    def _hear(self, report: Report) -> None:
        given = self._given.get(report.run)
        if given is None:
            return
        if report.kind == REFUSED:
            self._refuse(report, given)
        elif report.kind in (ENDED, FAILED):
            self._end(report, given)
        elif report.attempt == given.attempt:
            if report.kind in (BEGINS, EPOCH):
                given.worker, given.held, self._heard = report.worker, self._clock(), True
                if report.kind == BEGINS:
                    log.debug("%s: begun by %s", report.run, report.worker)
            elif report.kind == NEEDS_SAMPLES:
                self._upload(given, report.content.get("part"))
            elif report.kind == LEFT:
                self._again(given)

    def _refuse(self, report: Report, given: _Given) -> None:
        """Have another worker take it: the one that refuses stays away for a while."""
        if report.worker not in self._refused and len(self._refused) < _MOST_AT_ONCE:
            self._refused.add(report.worker)
            self._say(f"worker {report.worker} computes nothing: {report.content.get('reason')}")
        if report.attempt == given.attempt:
            self._again(given)

    def _upload(self, given: _Given, part: Any) -> None:
        if type(part) is int and part in {*Part}:
            samples: KnownSamples = given.run.prepared.whole.part(Part(part))
            upload(self._client, samples)

    def _end(self, report: Report, given: _Given) -> None:
        """Note what a run has learned; if that is not all there, it will come again."""
        name = given.run.name
        if report.kind == FAILED:
            found: Ended | None = Ended(name, reason=str(report.content.get("reason")))
        else:
            key = self._keys.weights(name)
            files = {each: cast(bytes | None, self._client.hget(key, each)) for each in ("model", "best")}
            found = _learned(name, report.content, files)
        if found is not None:
            self._ended.append(found)
            self.cancel(name)  # which the worker waits for
            with suppress(QueueError):  # they expire
                self._client.delete(self._keys.weights(name))


def _nobody() -> None:
    """Workers that we did not start are not ours to supervise."""


def _learned(name: str, content: dict[str, Any], files: dict[str, bytes | None]) -> Ended | None:
    """Return what a worker's report and its files of models say; None if they do not fit."""
    try:
        epochs = [typed(EpochMetrics, metrics) for metrics in content["epochs"]]
        models = {each: from_bytes(files[each] or b"", str(digest)) for each, digest in dict(content["models"]).items()}
        place = Place.from_json(content["place"])
        model, best = models["model"], models.get("best")
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    if not epochs or model is None or None in models.values():
        return None
    if model.parameters.sha256 != epochs[-1].weights_sha256:
        return None
    best_parameters = None if best is None else best.parameters
    learned = Learned(epochs, model.parameters, best_parameters, bool(content.get("pruned")))
    return Ended(name, learned, place=place)
