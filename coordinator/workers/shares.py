"""How many of a mini-batch's samples each worker gets: so many that all are done at the same time."""

import logging
import statistics
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence

# Seconds between two looks at the shares, and at most: they double whenever a change was of no use. With many workers
# replies wait for each other, and who was last says little of who is slow.
_REVIEW, _LONGEST_REVIEW = 0.3, 5.0
# A worker's time is the median of that of its replies in the latest second, or of the latest fifteen if steps take
# long: a machine may hold up a good one for a moment. They are so long apart, and some at least.
_LATEST, _LEAST, _APART = 1.0, 5, 0.01  # seconds, replies, and seconds
# Shares stay as they are unless others promise a step that is this much shorter: times are never quite the same.
_WORTHWHILE = 0.06
# What a reply costs besides its samples is not known. In turn none and this much of the shortest time is taken for it:
# the one is right for large shares, the other has a worker with a small one find out that it may have more.
_BESIDES = 0.4
# The slowest worker, with one sample, gets nothing if it takes so many times as long as the others, and steps are this
# much shorter without it, over so many replies and seconds.
_SLOW, _WORTH_A_PAUSE, _ENOUGH, _PATIENCE = 1.5, 0.15, 15, 1.0
_INSTANT = 1e-6  # seconds, the least that a reply takes
_TRIED = 1e-9  # samples a second, as good as none, of who shall get a single sample
_PAUSE = 10.0  # seconds of the first pause; each further one of the same worker is twice as long
_LONGEST_PAUSE = 600.0

log = logging.getLogger(__name__)


class Shares:
    """How fast the workers are, and what follows for their shares of a mini-batch."""

    def __init__(self, n_samples: int, clock: Callable[[], float] = time.monotonic) -> None:
        """n_samples: of a mini-batch.  clock: returns seconds."""
        self._n_samples, self._clock = n_samples, clock
        self.changes = 0  # grows whenever workers get other shares than before
        self._speeds: dict[str, float] = {}  # samples a second: make the shares
        self._until: dict[str, float] = {}  # when a pause ends, by the clock
        self._pauses: dict[str, float] = {}  # how long a worker's last one was
        self._tried: set[str] = set()  # workers after a pause, until they were measured with one sample
        self._shares: dict[str, int] = {}  # of a whole mini-batch, as they are now
        self._since = 0.0  # when they became so, by the clock
        # Some of the latest replies with these shares: when they came, by the clock, and the seconds that they took.
        self._replies: dict[str, deque[tuple[float, float]]] = {}
        self._reviewed = clock()
        self._besides = 0.0  # of the shortest time, in the next review
        self._interval = _REVIEW  # seconds between two reviews
        # Until the latest change is judged: the speeds before, and seconds of the slowest worker.
        self._before: tuple[dict[str, float], float] | None = None

    @property
    def pausing(self) -> Collection[str]:
        """The workers that get nothing for a while."""
        return self._until.keys()

    def replied(self, worker: str, samples: int, seconds: float) -> None:
        """Note a reply that came just now: of so many samples, for which we have waited so long."""
        if samples == self._shares.get(worker):
            now, replies = self._clock(), self._replies.setdefault(worker, deque(maxlen=round(_LATEST / _APART)))
            if not replies or now - replies[-1][0] >= _APART:
                replies.append((now, max(seconds, _INSTANT)))

    def of(self, workers: Sequence[str], n_samples: int) -> list[int]:
        """Return how many of so many samples each of these workers gets, perhaps none.  workers: at least one."""
        if all(worker in self._until for worker in workers):  # nobody else is there
            self._end_pauses(workers)
        known = [self._speeds[worker] for worker in workers if worker in self._speeds]
        mean = statistics.fmean(known) if known else 1.0
        paused = [worker in self._until for worker in workers]
        tried = [worker in self._tried for worker in workers]
        if sum(paused) + sum(tried) == len(workers):  # there is nobody to leave the rest to
            tried = [False] * len(workers)
        speeds = [
            0.0 if is_paused else _TRIED if is_tried else self._speeds.get(worker, mean)
            for worker, is_paused, is_tried in zip(workers, paused, tried, strict=True)
        ]
        shares = divide(n_samples, speeds, [0 if is_paused else 1 for is_paused in paused])
        if n_samples == self._n_samples:
            self._now_are(dict(zip(workers, shares, strict=True)))
        return shares

    def review(self) -> None:
        """Now and then: change the shares if steps will be shorter for it."""
        now = self._clock()
        if now - self._reviewed < self._interval:
            return
        self._reviewed = now
        over = [worker for worker, until in self._until.items() if until <= now]
        if over:
            self._end_pauses(over)
        else:
            self._balance(now)

    def _end_pauses(self, workers: Sequence[str]) -> None:
        """Have them tried again with one sample."""
        for worker in workers:
            del self._until[worker]
            self._tried.add(worker)
        self.changes += 1

    def _balance(self, now: float) -> None:
        """Have the shares follow from the times that were measured with them, if that is worth a change."""
        shares = {worker: share for worker, share in self._shares.items() if share}
        if len(shares) < 2 or any(len(self._replies.get(worker, ())) < _LEAST for worker in shares):
            return
        times = {worker: self._time(worker, now) for worker in shares}
        longest = max(times.values())
        besides = self._besides * min(times.values())
        self._besides = _BESIDES - self._besides
        speeds = {worker: share / (times[worker] - besides) for worker, share in shares.items()}
        if not self._was_of_use(longest):
            return
        slowest = max(times, key=lambda worker: times[worker])
        if shares[slowest] == 1 and len(self._replies[slowest]) >= _ENOUGH and now - self._since >= _PATIENCE:
            rest = {worker: speed for worker, speed in speeds.items() if worker != slowest}
            without = besides + _longest(divide(self._n_samples, [*rest.values()]), rest)
            ratio = longest / statistics.median(times[worker] for worker in rest)
            if ratio >= _SLOW and without <= longest * (1 - _WORTH_A_PAUSE):
                self._take(rest, longest)
                self._pause(slowest, now, ratio)
                return
        others = divide(self._n_samples, [*speeds.values()], [1] * len(speeds))
        if besides + _longest(others, speeds) <= longest * (1 - _WORTHWHILE):
            self._take(speeds, longest)

    def _time(self, worker: str, now: float) -> float:
        """Return the seconds that a worker's latest replies took."""
        replies = self._replies[worker]
        latest = sum(now - came <= _LATEST for came, _ in replies)
        return statistics.median(seconds for _, seconds in [*replies][-max(latest, _ENOUGH) :])

    def _was_of_use(self, longest: float) -> bool:
        """Tell whether steps became shorter by the latest change; take it back if not.  longest: seconds, since.

        Where a reply costs much more than its samples, times tell nothing of shares, which would drift anywhere.
        """
        if self._before is None:
            return True
        speeds, before = self._before
        self._before = None
        if longest > before * (1 - _WORTHWHILE / 2):
            self._speeds = speeds
            self._interval = min(2 * self._interval, _LONGEST_REVIEW)
            self.changes += 1
            return False
        if longest < before * (1 - _WORTH_A_PAUSE):
            self._interval = _REVIEW
        return True

    def _take(self, speeds: dict[str, float], longest: float) -> None:
        """Have the shares follow from these speeds from now on.  longest: seconds of the slowest worker so far."""
        self._before = {**self._speeds}, longest
        self._speeds.update(speeds)
        self._tried.difference_update(speeds)
        self.changes += 1

    def _pause(self, worker: str, now: float, times: float) -> None:
        pause = min(2 * self._pauses.get(worker, _PAUSE / 2), _LONGEST_PAUSE)
        self._until[worker], self._pauses[worker] = now + pause, pause
        self._tried.discard(worker)
        self._speeds.pop(worker, None)
        what = "takes %.1f times as long for one sample as the others for theirs; it pauses for %g s"
        log.warning(what, times, pause, extra={"worker": worker})

    def _now_are(self, shares: dict[str, int]) -> None:
        """Note the shares of a whole mini-batch; what was measured with others tells little of them."""
        if shares.keys() != self._shares.keys():
            self._before = None  # with others it cannot be judged
        if shares != self._shares:
            self._shares, self._since = shares, self._clock()
            self._replies.clear()


def _longest(shares: Sequence[int], speeds: dict[str, float]) -> float:
    """Return the seconds until all are done with their shares."""
    return max(share / speed for share, speed in zip(shares, speeds.values(), strict=True))


def divide(n_samples: int, speeds: Sequence[float], least: Sequence[int] | None = None) -> list[int]:
    """Return whole shares that are all done as soon as can be.

    speeds: of those who get them, at least one of them above 0; who has none gets nothing.  least: what each gets at
    least, unless that would be more than there is.
    """
    whole = sum(speeds)
    shares = [int(n_samples * speed / whole) for speed in speeds]
    if least is not None and sum(least) <= n_samples:
        shares = [max(each, its_least) for each, its_least in zip(shares, least, strict=True)]
    able = [number for number, speed in enumerate(speeds) if speed]
    while sum(shares) < n_samples:
        soonest = min(able, key=lambda number: (shares[number] + 1) / speeds[number])
        shares[soonest] += 1
    while sum(shares) > n_samples:
        over = [number for number in able if shares[number] > (least[number] if least else 0)]
        latest = max(over, key=lambda number: shares[number] / speeds[number])
        shares[latest] -= 1
    return shares
