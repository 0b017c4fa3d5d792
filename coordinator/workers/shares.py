"""How many of a mini-batch's samples each worker gets: so many that all are done at the same time."""

import logging
import statistics
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence

_REVIEW = 0.3  # seconds between two looks at the shares
# A worker's speed is the median of that in its latest replies, so long apart: a machine may hold up a good one.
_LEAST, _MOST, _APART = 5, 100, 0.01  # replies, replies, and seconds
# Shares stay as they are unless others promise a step that is this much shorter: times are never quite the same.
_WORTHWHILE = 0.06
# Or unless a worker is this much sooner done than the last one, and may get this much more. What a reply costs besides
# the samples makes a small share look slow, so that more is promised too little.
_IDLE = 1.5
# A worker gets nothing if steps are this much shorter without it, as so many replies of one sample and so many seconds
# have shown.
_WORTH_A_PAUSE, _ENOUGH, _PATIENCE = 0.2, 15, 1.0
_PAUSE = 10.0  # seconds of the first pause; each further one of the same worker is twice as long
_LONGEST_PAUSE = 600.0

log = logging.getLogger(__name__)


class Shares:
    """How fast the workers are, and what follows for their shares of a mini-batch."""

    def __init__(self, n_samples: int, clock: Callable[[], float] = time.monotonic) -> None:
        """n_samples: of a mini-batch.  clock: returns seconds."""
        self._n_samples, self._clock = n_samples, clock
        self.changes = 0  # grows whenever workers get other shares than before
        self._speeds: dict[str, float] = {}  # samples a second, as the shares take them
        self._until: dict[str, float] = {}  # when a pause ends, by the clock
        self._pauses: dict[str, float] = {}  # how long a worker's last one was
        self._tried: set[str] = set()  # workers after a pause, until they were measured with one sample
        self._shares: dict[str, int] = {}  # of a whole mini-batch, as they are now
        self._since = 0.0  # when they became so, by the clock
        self._measured: dict[str, deque[float]] = {}  # samples a second in some of the latest replies with these shares
        self._noted: dict[str, float] = {}  # when the newest of them came, by the clock
        self._reviewed = clock()

    @property
    def pausing(self) -> Collection[str]:
        """The workers that get nothing for a while."""
        return self._until.keys()

    def replied(self, worker: str, samples: int, seconds: float) -> None:
        """Note a reply that came just now: of so many samples, so long after they were requested."""
        now = self._clock()
        noted = self._noted.get(worker)
        if noted is None or now - noted >= _APART:
            self._noted[worker] = now
            self._measured.setdefault(worker, deque(maxlen=_MOST)).append(samples / seconds)

    def of(self, workers: Sequence[str], n_samples: int) -> list[int]:
        """Return how many of so many samples each of these workers gets, perhaps none.  workers: at least one."""
        if all(worker in self._until for worker in workers):  # nobody else is there
            self._end_pauses(workers)
        known = [self._speeds[worker] for worker in workers if worker in self._speeds]
        mean = statistics.fmean(known) if known else 1.0
        working = [worker for worker in workers if worker not in self._until]
        one_each = sum(worker in self._tried for worker in working) if len(working) > 1 else 0
        speeds = [0.0 if worker in self._until else self._speeds.get(worker, mean) for worker in workers]
        if 0 < one_each < min(len(working), n_samples):
            tried = [worker in self._tried for worker in workers]
            rest = [0.0 if is_tried else speed for speed, is_tried in zip(speeds, tried, strict=True)]
            shares = divide(n_samples - one_each, rest)
            shares = [1 if is_tried else share for share, is_tried in zip(shares, tried, strict=True)]
        else:
            shares = divide(n_samples, speeds)
        if n_samples == self._n_samples:
            self._now_are(dict(zip(workers, shares, strict=True)))
        return shares

    def review(self) -> None:
        """Now and then: change the shares if steps will be shorter for it."""
        now = self._clock()
        if now - self._reviewed < _REVIEW:
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
        """Take the speeds that were measured for the shares, if that is worth a change."""
        shares = {worker: share for worker, share in self._shares.items() if share}
        replies = [self._measured.get(worker, ()) for worker in shares]
        if len(shares) < 2 or any(len(its) < _LEAST for its in replies):
            return
        speeds = dict(zip(shares, map(statistics.median, replies), strict=True))
        times = {worker: share / speeds[worker] for worker, share in shares.items()}
        longest = max(times.values())

        def divided(least: Callable[[str], int]) -> tuple[dict[str, int], float]:
            """Return other shares, and how long a step they promise."""
            each = divide(self._n_samples, [*speeds.values()], [*map(least, shares)])
            others = dict(zip(shares, each, strict=True))
            return others, max(share / speeds[worker] for worker, share in others.items())

        if now - self._since >= _PATIENCE:
            enough = {worker for worker, its in self._measured.items() if len(its) >= _ENOUGH}
            others, promised = divided(lambda worker: 0 if shares[worker] == 1 and worker in enough else 1)
            slow = [worker for worker, share in others.items() if not share]
            if slow and promised <= longest * (1 - _WORTH_A_PAUSE):
                self._take(speeds)
                for worker in slow:
                    rest = statistics.median(seconds for name, seconds in times.items() if name not in slow)
                    self._pause(worker, now, times[worker] / rest)
                return
        others, promised = divided(lambda worker: 1)
        is_idle = any(
            times[worker] * _IDLE < longest and others[worker] >= share * _IDLE for worker, share in shares.items()
        )
        if promised <= longest * (1 - _WORTHWHILE) or (is_idle and promised <= longest):
            self._take(speeds)

    def _take(self, speeds: dict[str, float]) -> None:
        """Have the shares follow from these speeds from now on."""
        self._speeds.update(speeds)
        self._tried.difference_update(speeds)
        self.changes += 1

    def _pause(self, worker: str, now: float, times: float) -> None:
        pause = min(2 * self._pauses.get(worker, _PAUSE / 2), _LONGEST_PAUSE)
        self._until[worker], self._pauses[worker] = now + pause, pause
        del self._speeds[worker]
        what = "takes %.1f times as long for one sample as the others for theirs; it pauses for %g s"
        log.warning(what, times, pause, extra={"worker": worker})

    def _now_are(self, shares: dict[str, int]) -> None:
        """Note the shares of a whole mini-batch; what was measured with others tells little of them."""
        if shares != self._shares:
            self._shares, self._since = shares, self._clock()
            self._measured.clear()


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
