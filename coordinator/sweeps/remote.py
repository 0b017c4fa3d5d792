"""Runs that workers compute, one a worker: whole runs as Celery tasks, and what was learned through Redis.

Who computes a run gives a sign of life (`worker.holding`). A run whose holder gives none any more, or was told to stop,
is given to another; one that has cost two workers their lives is given to no third. What is in the queue and is lost
with it is sent again. Nobody is blamed for what follows from a silence of our own.
"""

import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import numpy as np

from coordinator.gradients.floods import Floods
from coordinator.gradients.reply_stream import ReplyStream
from coordinator.sweeps.given import GivenRun
from coordinator.sweeps.received import received
from coordinator.sweeps.trials import Ended, WantedRun
from coordinator.workers.task_queue import TaskQueue
from shared.data.parts import Part
from shared.data.samples import KnownSamples
from shared.errors import ForbiddenError, QueueError
from shared.messaging.addresses import broker_url
from shared.messaging.client import client
from shared.messaging.keys import LEASE_LIFETIME, TRIAL_KEYS, TRIALS, WANTED_LIFETIME, SweepKeys
from shared.messaging.trials import (
    BEGINS,
    ENDED,
    EPOCH,
    FAILED,
    LEFT,
    NEEDS_SAMPLES,
    REFUSED,
    TRIAL_TASK,
    Notice,
    TrialTask,
)
from shared.transport.models import longest
from shared.transport.samples import upload

_MOST_AT_ONCE = 100  # notices that are heard before we look around
_LONGEST_HOLDER = 1000  # bytes of who holds a run
_LONGEST = 2**24  # bytes of a notice: those of an ended run have the figures of all its epochs
_NONE = 0  # attempts are numbered from 1
_EVERY = 1.0  # seconds between two looks at who holds what
_SILENT = 10.0  # seconds without any worker after which we say so
_PAUSE = 0.2  # seconds between two attempts to go on after a failure
_WAITING = 2  # runs that wait in the queue for whoever is free, at least


log = logging.getLogger(__name__)


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
        self._notices, self._notice = ReplyStream(url, self._keys.notices), np.empty(_LONGEST, np.uint8)
        self._queue = TaskQueue(broker_url(url, broker), TRIALS, TRIAL_TASK, TRIAL_KEYS, LEASE_LIFETIME)
        self._supervise, self._say, self._clock = supervise or _nobody, say, clock
        self._are_others = supervise is None  # whether somebody else has to start workers
        self._given: dict[str, GivenRun] = {}
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

    def give(self, run: WantedRun) -> None:
        self._given[run.name] = GivenRun(run)

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
            self._listen()  # before we look: who has left says so
            was_away = self._is_away
            if was_away:
                for given in self._given.values():
                    given.excuse(self._clock())
            if was_away or self._clock() - self._looked >= _EVERY:
                self._look()
            self._is_away = False  # neither Redis nor the broker, if that is another
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
            self._client.delete(self._keys.notices, *keys)
        self._notices.disconnect()
        self._queue.close()
        self._client.close()

    def _send_due(self) -> None:
        for given in self._given.values():
            if given.sent is None:
                self._want(given)
                self._queue.send(self._task(given).to_json(), f"{self._identity}, {given.run.name}")
                self._queue.keep_keys()
                given.note_sent(self._clock())

    def _want(self, given: GivenRun) -> None:
        self._client.set(self._keys.wanted(given.run.name), given.attempt, ex=WANTED_LIFETIME)

    def _task(self, given: GivenRun) -> TrialTask:
        run = given.run
        whole, fold = run.prepared.whole, run.prepared.fold
        # Validation samples that a fold takes the place of, and parts without any, are not needed.
        parts = [whole.training, whole.validation.first(0) if fold else whole.validation, whole.test]
        samples = tuple(each.sha256 if len(each) else "" for each in parts)
        least = tuple(sorted(run.least.items()))
        return TrialTask(self._identity, run.name, given.attempt, run.prepared.config, samples, fold, least)

    def _look(self) -> None:
        """Give our sign of life; see who holds what, and what is lost."""
        self._looked = now = self._clock()
        names = [name for name, given in self._given.items() if given.sent is not None]
        if not names:
            return
        with self._client.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.get(self._keys.wanted(name))
            for name in names:
                pipeline.getrange(self._keys.held(name), 0, _LONGEST_HOLDER)
            found = cast(list[bytes | None], pipeline.execute())
        for name in names:
            self._want(self._given[name])
        self._floods.drop(self._keys.notices)  # which workers send again if they matter
        for name, asked, holder in zip(names, found[: len(names)], found[len(names) :], strict=True):
            given = self._given[name]
            if asked is None:  # this process was stopped, or the machine slept; or Redis has forgotten all
                given.excuse(now)
            parts = (holder or b"").split(b":", 2)  # see `worker.holding`
            if len(parts) == 3 and parts[0] == b"%d" % given.attempt:
                given.note_held(now, parts[2].decode(errors="replace"))
                given.is_excused, self._heard = asked is None, True
            elif given.is_lost(now):
                self._lost(given)
        self._queue.keep_keys()  # after those who hold something were judged: the broker may be away alone
        late = [self._given[name] for name in names if self._given[name].is_late(now)]
        if late and self._queue.is_taken():
            for given in late:
                given.send_again()
        if self._are_others and not self._heard and now - self._began > _SILENT:
            self._are_others = False
            self._say("no worker has taken a trial yet; start one with: gradmq worker --redis URL")

    def _lost(self, given: GivenRun) -> None:
        """Have another worker begin it again, unless its workers are lost again and again."""
        if given.is_excused:
            log.debug("%s: nobody has it after our silence; it begins again", given.run.name)
            given.begin_again()
            return
        self._blame(given, f"{given.worker or 'its worker'} was lost")

    def _blame(self, given: GivenRun, what: str) -> None:
        """Count that a run came to nothing with a worker.  what: for people."""
        if given.blame(what):
            self._say(f"{given.run.name}: {what}; another is to begin it again")

    def _give_up(self) -> None:
        """End the runs that are given to nobody any more."""
        for name, given in [*self._given.items()]:
            if given.hopeless:
                self._ended.append(Ended(name, reason=given.hopeless, is_lost=True))
                self.cancel(name)

    def _listen(self) -> None:
        """Take what workers say."""
        try:
            for _ in range(_MOST_AT_ONCE):
                size = self._notices.read(self._notice, 1)
                if size is None:
                    return
                notice = Notice.decode(self._notice[:size].tobytes()) if size <= _LONGEST else None
                if notice is not None:
                    self._hear(notice)
        except QueueError:
            self._notices.disconnect()
            raise

    def _hear(self, notice: Notice) -> None:
        given = self._given.get(notice.run)
        if given is None:
            return
        if notice.kind == REFUSED:
            self._refuse(notice, given)
        elif notice.kind in (ENDED, FAILED):
            self._end(notice, given)
        elif notice.attempt == given.attempt:
            if notice.kind in (BEGINS, EPOCH):
                given.note_held(self._clock(), notice.worker)
                self._heard = True
                if notice.kind == BEGINS:
                    log.debug("%s: begun by %s", notice.run, notice.worker)
            elif notice.kind == NEEDS_SAMPLES:
                self._upload(given, notice.content.get("part"))
            elif notice.kind == LEFT:
                given.begin_again()

    def _refuse(self, notice: Notice, given: GivenRun) -> None:
        """Have another worker take it: the one that refuses stays away for a while."""
        if notice.worker not in self._refused and len(self._refused) < _MOST_AT_ONCE:
            self._refused.add(notice.worker)
            self._say(f"worker {notice.worker} computes nothing: {notice.content.get('reason')}")
        if notice.attempt != given.attempt:
            return
        if notice.content.get("too_large") is True:  # for others too, perhaps
            self._blame(given, f"worker {notice.worker} has too little memory for it")
        else:
            given.begin_again()

    def _upload(self, given: GivenRun, part: Any) -> None:
        if type(part) is int and part in {*Part}:
            samples: KnownSamples = given.run.prepared.whole.part(Part(part))
            upload(self._client, samples)

    def _end(self, notice: Notice, given: GivenRun) -> None:
        """Take what a run has learned; if that is not all there, it will come again."""
        name = given.run.name
        if notice.kind == FAILED:
            found: Ended | None = Ended(name, reason=str(notice.content.get("reason")))
        else:
            try:
                files = {each: self._file(given.run, each) for each in ("model", "best")}
                found = received(given.run, notice.content, files)
            except ValueError as error:
                if notice.attempt == given.attempt:
                    self._blame(given, f"{notice.worker} answered what cannot be used ({error})")
                return
        if found is not None:
            self._ended.append(found)
            self.cancel(name)  # which the worker waits for
            with suppress(QueueError):  # they expire
                self._client.delete(self._keys.weights(name))

    def _file(self, run: WantedRun, which: str) -> bytes | None:
        """Return the file of a model that a run has learned, None if it is not there.

        Raises QueueError; ValueError for one that is longer than a model of that network can be, none of which is kept.
        """
        memory = np.empty(longest(run.prepared.config), np.uint8)
        size = self._notices.fetch(memory, "HGET", self._keys.weights(run.name), which)
        if size is not None and size > len(memory):
            raise ValueError(f"a model of {size} bytes, where {len(memory)} are the most that such a network has")
        return None if size is None else memory[:size].tobytes()


def _nobody() -> None:
    """Workers that we did not start are not ours to supervise."""
