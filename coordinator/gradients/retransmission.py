"""How fast the run goes, and what follows from it."""

_WINDOW = 1.0  # seconds that a window should last
_FIRST_WINDOW = 100  # mini-batches of the first window, before anything was measured
_FIRST_PATIENCE = 10.0  # seconds to wait for the first replies
_PATIENCE = 0.3  # seconds to wait at least: asking too early costs a computation, too late a pause
_MOST_PATIENCE = 60.0  # seconds to wait at most


class RetransmissionTimer:
    """The run's time for a gradient, in seconds, when nothing disturbs it.

    Mean, deviation and deadline are those of TCP's retransmission timer (RFC 6298): the question is the same, how long
    an answer may take before it counts as lost.
    """

    def __init__(self, batches_per_task: int | None) -> None:
        self._batches_per_task = batches_per_task
        self._mean: float | None = None
        self._deviation = 0.0
        self._doublings = 0  # of the deadline, since a gradient came in time

    def add(self, seconds: float) -> None:
        """Take the newest gradient's time into counts; nothing of it was asked again."""
        self._doublings = 0
        if self._mean is None:
            self._mean, self._deviation = seconds, seconds / 2
        else:
            self._deviation += (abs(seconds - self._mean) - self._deviation) / 4
            self._mean += (seconds - self._mean) / 8

    @property
    def mini_batches(self) -> int:
        """How many mini-batches the next window should have."""
        if self._batches_per_task is not None:
            return self._batches_per_task
        return _FIRST_WINDOW if self._mean is None else max(1, round(_WINDOW / self._mean))

    def late(self) -> None:
        """Note that requests were asked again: the deadline doubles until a gradient comes in time."""
        self._doublings += 1

    @property
    def timeout(self) -> float:
        """After how many seconds a request counts as late."""
        first = _FIRST_PATIENCE if self._mean is None else max(_PATIENCE, 2 * self._mean + 4 * self._deviation)
        return min(first * 2.0 ** min(self._doublings, 30), _MOST_PATIENCE)
