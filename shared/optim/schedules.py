"""How the learning rate changes over a run. A new schedule is a function here and a line in `SCHEDULES`."""

from collections.abc import Callable

# From a step's number in the run, and how many steps the run has, to the factor of the learning rate there.
Schedule = Callable[[int, int], float]


def constant(step: int, n_steps: int) -> float:
    """1: the learning rate as it was given, at every step."""
    return 1.0


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
}
