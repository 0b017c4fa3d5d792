"""Who took part in a run: one count for all of the page."""

from collections.abc import Sequence

from coordinator.page.course import Course
from coordinator.page.text import plural
from shared.accounting import COORDINATOR, EpochCounts


def participants(course: Course, ledger: Sequence[EpochCounts]) -> set[str]:
    """Return the names of all that computed something, from the run's beginning to its end.

    The time line has also those of the epoch that is not recorded yet, or was taken back; the ledger also those that
    came when the file of events was full.
    """
    in_time = {lane.name for lane in course.lanes if lane.samples}
    return in_time | {name for counts in ledger for name, each in counts.workers.items() if each.answered}


def told(names: set[str], most: int) -> str:
    """Return how many workers took part; nothing if none did, because one process computed all of it.

    most: that gave replies in one epoch.  A worker that was started again, as after a resume, is another one.
    """
    workers = len(names - {COORDINATOR})
    if not workers:
        return ""
    text = plural(workers, "worker")
    if COORDINATOR in names:
        text += " and one process without any"
    return f"{text}, at most {most} in an epoch" if 0 < most < workers else text
