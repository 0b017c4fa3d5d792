"""When a request without a reply counts as lost, and is sent again."""

_FIRST_TIMEOUT = 10.0  # seconds, before any step was measured
_SHORTEST_TIMEOUT = 0.3  # seconds: retrying too early costs a computation, too late a pause
_LONGEST_TIMEOUT = 60.0  # seconds


class RetransmissionTimer:
    """The time of a step, in seconds, when nothing disturbs it, and the timeout that follows from it.

    Mean, deviation and doubling are those of TCP's retransmission timer (RFC 6298): the question is the same, how long
    an answer may take before it counts as lost. In the timeout the mean counts twice.
    """

    def __init__(self) -> None:
        self.mean: float | None = None  # None: nothing was measured yet
        self._deviation = 0.0
        self._doublings = 0  # of the timeout, since a step came in time

    def add(self, seconds: float) -> None:
        """Take the newest step's time into account; nothing of it was retried."""
        self._doublings = 0
        if self.mean is None:
            self.mean, self._deviation = seconds, seconds / 2
        else:
            self._deviation += (abs(seconds - self.mean) - self._deviation) / 4
            self.mean += (seconds - self.mean) / 8

    def expired(self) -> None:
        """Note that the timeout is over: it doubles until a step comes in time."""
        self._doublings += 1

    @property
    def timeout(self) -> float:
        """After how many seconds a request counts as lost."""
        first = _FIRST_TIMEOUT if self.mean is None else max(_SHORTEST_TIMEOUT, 2 * self.mean + 4 * self._deviation)
        return min(first * 2.0 ** min(self._doublings, 30), _LONGEST_TIMEOUT)
