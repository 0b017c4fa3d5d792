"""How fast the run goes, and what follows from it."""

_WEIGHT = 0.05  # of the newest step in the running mean
_SPAN = 1.0  # seconds that a span should last
_FIRST_SPAN = 100  # mini-batches of the first span, before anything was measured
_FIRST_PATIENCE = 10.0  # seconds to wait for the first replies
_PATIENCE = 1.0  # seconds to wait at least
_MOST_PATIENCE = 60.0  # seconds to wait at most
_PATIENCE_STEPS = 10  # steps' time to wait, between the two


class Pace:
    """The run's mean time for a gradient, in seconds, when nothing disturbs it."""

    def __init__(self, batches_per_task: int | None) -> None:
        self._batches_per_task = batches_per_task
        self._seconds: float | None = None

    def add(self, seconds: float) -> None:
        """Take the newest gradient's time into account."""
        mean = self._seconds
        self._seconds = seconds if mean is None else mean + _WEIGHT * (seconds - mean)

    @property
    def mini_batches(self) -> int:
        """How many mini-batches the next span should have."""
        if self._batches_per_task is not None:
            return self._batches_per_task
        return _FIRST_SPAN if self._seconds is None else max(1, round(_SPAN / self._seconds))

    def patience(self, asked_before: int) -> float:
        """After how many seconds a request counts as late that was asked again so many times: doubling each time."""
        first = _FIRST_PATIENCE if self._seconds is None else max(_PATIENCE, _PATIENCE_STEPS * self._seconds)
        return min(first * 2.0**asked_before, _MOST_PATIENCE)
