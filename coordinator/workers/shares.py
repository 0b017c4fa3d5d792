"""How many of a mini-batch's samples each worker gets: so many that all are done at the same time.

Shares follow the times that replies took; a change is kept if steps became shorter by it, and otherwise taken back.
"""

import logging
import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence, Set

from coordinator.workers.pauses import Pauses

# Seconds until the next look at the shares, and at most: they double whenever a change was of no use.
_REVIEW, _LONGEST_REVIEW = 0.3, 10.0
# A worker's time is the median of its replies in the latest second, or of the latest fifteen if steps take long: a
# machine may hold up a good one for a moment. They are so long apart, and some at least.
_LATEST, _ENOUGH, _LEAST, _APART = 1.0, 15, 5, 0.01  # seconds, replies, replies, seconds
_MOST = 100  # replies that are remembered
_MOST_GONE = 1000  # workers that are not there: who can take leases can invent others
# Times are never quite the same: other shares are tried if they promise steps that are this much shorter, and kept if
# steps are half as much shorter in fact.
_WORTHWHILE = 0.06
# What a reply costs besides its samples is not known, so a worker with few of them promises little. Who is done in this
# part of a step's time is given more, to see: so many that steps are so many times as long at the worst.
_IDLE, _BOLD = 0.8, 1.5
# The slowest worker, with one sample, pauses if it takes so many times as long as the others, and steps promise to be
# this much shorter without it.
_SLOW, _WORTH_A_PAUSE = 1.5, 0.15
_SECONDS = 1.0  # that shares must have been as they are, before a worker pauses
_ALONE = 1.0  # seconds without anybody else after which a pause ends; others may only be on their way
_TRIFLE = 1e-9  # samples a second: of who shall get a single sample
_INSTANT = 1e-6  # seconds, the least that a reply takes


class Shares:
    """How fast the workers are, and what follows for their shares of a mini-batch."""

    def __init__(self, n_samples: int, clock: Callable[[], float] = time.monotonic) -> None:
        """n_samples: of a mini-batch.  clock: returns seconds."""
        self._n_samples, self._clock = n_samples, clock
        self.changes = 0  # grows whenever workers get other shares than before
        self._speeds: dict[str, float] = {}  # samples a second: their ratios make the shares
        self._pauses = Pauses(clock)
        self._shares: dict[str, int] = {}  # of a whole mini-batch, as they are now
        self._since = 0.0  # when they became so, by the clock
        self._replies: dict[str, deque[tuple[float, float]]] = {}  # with these shares: when by the clock, seconds
        self._due, self._interval = clock() + _REVIEW, _REVIEW  # when the next review is, by the clock; seconds
        self._pauses_due = self._due  # when that of the pauses is
        self._trial: tuple[dict[str, float], float] | None = None  # speeds and slowest time before the latest change
        self._alone_since: float | None = None  # by the clock: since when nobody is there but who pauses

    @property
    def pausing(self) -> Set[str]:
        """The workers that get nothing for a while."""
        return self._pauses.workers

    def replied(self, worker: str, samples: int, seconds: float) -> None:
        """Note a reply that came just now: of so many samples, for which we have waited so long."""
        if samples != self._shares.get(worker):
            return
        now = self._clock()
        replies = self._replies.setdefault(worker, deque(maxlen=_MOST))
        if not replies or now - replies[-1][0] >= _APART:
            replies.append((now, max(seconds, _INSTANT)))

    def stepped(self, seconds: float) -> None:
        """Note how long a whole step took that is done now."""
        self._pauses.stepped(seconds)

    def silent(self, worker: str) -> None:
        """Have a worker whose reply did not come in time get a single sample, when it is there again."""
        self._begin_with_one(worker)

    def of(self, workers: Sequence[str], n_samples: int) -> list[int]:
        """Return how many of so many samples each of these workers gets, perhaps none.  workers: at least one."""
        pausing = set[str]() if self.pausing >= {*workers} else self.pausing  # somebody has to
        known = [speed for worker in workers if (speed := self._speeds.get(worker, _TRIFLE)) > _TRIFLE]
        mean = statistics.fmean(known) if known else 1.0
        speeds = [0.0 if worker in pausing else self._speeds.get(worker, mean) for worker in workers]
        shares = divide(n_samples, speeds, [1 if speed else 0 for speed in speeds])
        if n_samples == self._n_samples:
            self._now_are(dict(zip(workers, shares, strict=True)))
        return shares

    def review(self, workers: Sequence[str]) -> None:
        """Now and then: change the shares of these workers if steps will be shorter for it.

        Have who pauses get work again when that is over, or nobody else is there for some time.
        """
        now = self._clock()
        if now >= self._pauses_due:
            self._pauses_due = now + _REVIEW
            for worker in self._pauses.end_all() if self._are_alone(workers, now) else self._pauses.review():
                self._begin_with_one(worker)
                self._due = now + _REVIEW  # times are of other shares
        if now >= self._due and len(workers) > 1:
            self._due = now + _REVIEW
            if self._shares.keys() == {*workers}:
                self._balance(now)

    def _are_alone(self, workers: Sequence[str], now: float) -> bool:
        """Tell whether nobody but who pauses has been there for some time."""
        if not workers or not self.pausing >= {*workers}:
            self._alone_since = None
            return False
        if self._alone_since is None:
            self._alone_since = now
        return now - self._alone_since > _ALONE

    def _balance(self, now: float) -> None:
        """Have the shares follow from the times that were measured with them, if that is worth a change."""
        shares = {worker: share for worker, share in self._shares.items() if share}
        if len(shares) < 2 or any(len(self._replies.get(worker, ())) < _LEAST for worker in shares):
            return
        times = {worker: self._time(worker, now) for worker in shares}
        longest = max(times.values())
        if not self._was_of_use(longest):
            return
        # As if nothing but samples took time: nobody will take longer than that, for a reply's own cost does not grow.
        speeds = {worker: share / times[worker] for worker, share in shares.items()}
        slowest, idlest = (choose(times, key=lambda worker: times[worker]) for choose in (max, min))
        if shares[slowest] == 1 and len(self._replies[slowest]) >= _ENOUGH and now - self._since >= _SECONDS:
            rest = {worker: speed for worker, speed in speeds.items() if worker != slowest}
            ratio = longest / statistics.median(times[worker] for worker in rest)
            if ratio >= _SLOW and self._promise(rest) <= longest * (1 - _WORTH_A_PAUSE):
                why = f"takes {ratio:.1f} times as long for one sample as the others for theirs"
                if self._pauses.begin(slowest, why, logging.INFO):  # nothing is wrong: steps are shorter without it
                    self._speeds = {**rest}
                    self.changes += 1
                    return
        if self._promise(speeds) <= longest * (1 - _WORTHWHILE):
            self._try(speeds, longest)
        elif times[idlest] <= longest * _IDLE:
            more = max(shares[idlest] + 1, int(shares[idlest] * _BOLD * longest / times[idlest]))
            less = (self._n_samples - more) / (self._n_samples - shares[idlest])
            if less > 0:
                self._try({worker: share * less for worker, share in shares.items()} | {idlest: float(more)}, longest)

    def _time(self, worker: str, now: float) -> float:
        """Return the seconds that a worker's latest replies took."""
        replies = self._replies[worker]
        latest = sum(now - came <= _LATEST for came, _ in replies)
        return statistics.median(seconds for _, seconds in [*replies][-max(latest, _ENOUGH) :])

    def _promise(self, speeds: dict[str, float]) -> float:
        """Return the seconds until all are done, if shares follow from these speeds."""
        return max(share / speed for share, speed in zip(self._divided(speeds), speeds.values(), strict=True))

    def _divided(self, speeds: dict[str, float]) -> list[int]:
        return divide(self._n_samples, [*speeds.values()], [1] * len(speeds))

    def _try(self, speeds: dict[str, float], longest: float) -> None:
        """Have the shares follow from these speeds from now on.  longest: seconds of the slowest worker so far."""
        self._trial = self._speeds, longest
        self._speeds = {**speeds}  # of nobody else: who comes begins with the mean
        self.changes += 1

    def _was_of_use(self, longest: float) -> bool:
        """Tell whether steps became shorter by the latest change; take it back if not.  longest: seconds, since.

        Where a reply costs much more than its samples, times tell nothing of shares, which would drift anywhere.
        """
        if self._trial is None:
            return True
        (speeds, before), self._trial = self._trial, None
        if longest > before * (1 - _WORTHWHILE / 2):
            self._speeds, self._interval = speeds, min(2 * self._interval, _LONGEST_REVIEW)
            self._due += self._interval
            self.changes += 1
            return False
        self._interval = _REVIEW
        return True

    def _begin_with_one(self, worker: str) -> None:
        """Give a worker a single sample, and let it show what it can do."""
        speeds = {**self._speeds, worker: _TRIFLE}
        gone = [each for each in speeds if each not in self._shares and each != worker]
        for each in gone[:-_MOST_GONE]:
            del speeds[each]
        self._speeds = speeds
        self._trial = None  # which cannot be judged any more
        self._interval = _REVIEW
        self.changes += 1

    def _now_are(self, shares: dict[str, int]) -> None:
        """Note the shares of a whole mini-batch; what was measured with others tells little of them."""
        if shares.keys() != self._shares.keys():
            self._trial = None
        if shares != self._shares:
            self._shares, self._since = shares, self._clock()
            self._replies.clear()
            self._pauses.measure_anew()


def divide(n_samples: int, speeds: Sequence[float], least: Sequence[int]) -> list[int]:
    """Return whole shares that are all done as soon as can be.

    speeds: of those who get them, at least one of them above 0; who has none gets nothing.  least: what each gets at
    least, unless that would be more than there is.
    """
    whole = sum(speeds)
    shares = [int(n_samples * speed / whole) for speed in speeds]
    if sum(least) <= n_samples:
        shares = [max(each, its_least) for each, its_least in zip(shares, least, strict=True)]
    able = [number for number, speed in enumerate(speeds) if speed]
    while sum(shares) < n_samples:
        soonest = min(able, key=lambda number: (shares[number] + 1) / speeds[number])
        shares[soonest] += 1
    while sum(shares) > n_samples:
        over = [number for number in able if shares[number] > least[number]]
        latest = max(over, key=lambda number: shares[number] / speeds[number])
        shares[latest] -= 1
    return shares
