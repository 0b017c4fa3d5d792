"""A clock that goes when a test says so."""


class Clock:
    """Stands in for time.monotonic: returns seconds."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
