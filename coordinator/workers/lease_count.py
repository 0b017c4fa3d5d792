"""How many leases a window has, where a step may be cut for any number of workers."""

_FIRST = 2  # leases of a window at least, so that it shows whether more than one worker is there
_SPARE = 1  # for whoever may have come


class LeaseCount:
    """As many leases as there are workers, or if that is not known, as many as turn out to be taken, and a spare one.

    A lease too many makes some worker come for nothing; one that is missing keeps a worker idle.
    """

    def __init__(self, most: int, workers: int | None) -> None:
        """most: more workers could not share a step.  workers: how many there are, None if that may change."""
        self._most = most
        self._fixed = None if workers is None else max(1, min(workers, most))

    def of_window(self, taken: int) -> int:
        """Return with how many leases a window begins.  taken: in the window before."""
        return self._fixed or min(max(taken + _SPARE, _FIRST), self._most)

    def more(self, count: int) -> int:
        """Return how many more are due when all of so many are taken: they double."""
        return 0 if self._fixed else min(count, self._most - count)
