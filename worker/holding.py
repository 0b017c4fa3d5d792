"""Holding a run of a sweep: the sign of life while it is computed, and when it is to be left.

A thread of its own gives the sign and looks around, since a step may take long. Who finds a run held by another, or no
longer wanted, leaves it: a task can come twice, as Celery delivers again what took an hour, and as a coordinator gives
out again what seemed lost.
"""

import secrets
import threading
import time
from contextlib import closing, suppress
from types import TracebackType
from typing import Self, cast

from shared.errors import QueueError
from shared.messaging.client import Client, client
from shared.messaging.keys import HELD_LIFETIME, LEASE_LIFETIME, TRIAL_KEYS, WANTED_LIFETIME, SweepKeys
from shared.messaging.trials import TrialTask
from worker.departure import COORDINATOR_GONE, REDIS_AWAY, WORKER_LEAVING
from worker.shutdown import is_leaving

_EVERY = 1.0  # seconds between two signs of life
_NO_REDIS = 300.0  # seconds without Redis

NOT_WANTED = "not wanted any more"
HELD = "held by another worker"


class Holding:
    """Who enters it holds the run, unless `why` says otherwise, until the block ends."""

    def __init__(self, url: str, task: TrialTask, worker: str) -> None:
        """url: of Redis.  worker: our name, for people."""
        keys = SweepKeys(task.sweep)
        self._url, self._attempt = url, b"%d" % task.attempt
        self._wanted, self._held = keys.wanted(task.run), keys.held(task.run)
        self._token = b"%b:%b:%b" % (self._attempt, secrets.token_hex(8).encode(), worker.encode())
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._reason = ""

    @property
    def why(self) -> str:
        """Why the run is to be left now, in a few words; nothing: it is not."""
        return self._reason or (WORKER_LEAVING if is_leaving() else "")

    def __enter__(self) -> Self:
        """Take the run.  Raises QueueError."""
        with closing(client(self._url)) as redis:
            # Celery has noted that we have this task; should nobody be left to delete that note, it expires.
            for key in TRIAL_KEYS:
                redis.expire(key, LEASE_LIFETIME)
            if redis.get(self._wanted) != self._attempt:
                self._reason = NOT_WANTED
            elif not redis.set(self._held, self._token, nx=True, ex=HELD_LIFETIME):
                holder = cast(bytes | None, redis.get(self._held)) or b""
                if holder.partition(b":")[0] == self._attempt:
                    self._reason = HELD
                else:  # who had it before us has given it up, or is lost
                    redis.set(self._held, self._token, ex=HELD_LIFETIME)
        if not self._reason:
            self._thread = threading.Thread(target=self._hold, name="holding", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let others take it."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            with suppress(QueueError), closing(client(self._url)) as redis:
                if redis.get(self._held) == self._token:
                    redis.delete(self._held)

    def is_answered(self, redis: Client) -> bool:
        """Tell whether the coordinator has what was learned: it then wants the run no more.  Raises QueueError."""
        return redis.get(self._wanted) not in (self._attempt, None)  # which Redis may have forgotten

    def _hold(self) -> None:
        heard = wanted = time.monotonic()
        with closing(client(self._url)) as redis:
            while not self._over.wait(_EVERY) and not self._reason:
                now = time.monotonic()
                try:
                    # First what is asked for: the next attempt's sign of life must not find ours in its place.
                    asked = redis.get(self._wanted)
                    if asked not in (None, self._attempt):
                        self._reason = NOT_WANTED
                        return
                    if not self._renew(redis):
                        self._reason = HELD
                        return
                    heard = now
                except QueueError:  # it may come back, and the run goes on meanwhile
                    wanted = now
                    if now - heard > _NO_REDIS:
                        self._reason = REDIS_AWAY
                    continue
                if asked is not None:
                    wanted = now
                elif now - wanted > WANTED_LIFETIME:  # as long again as it took the key to expire
                    self._reason = COORDINATOR_GONE

    def _renew(self, redis: Client) -> bool:
        """Give a sign of life; return whether the run is still ours.  Raises QueueError.

        Whoever has taken it meanwhile keeps it: no other's sign is ever written over.
        """
        holder = redis.get(self._held)
        if holder is None:  # expired, or forgotten with all of Redis
            return bool(redis.set(self._held, self._token, nx=True, ex=HELD_LIFETIME))
        if holder == self._token:
            redis.expire(self._held, HELD_LIFETIME)
        return holder == self._token
