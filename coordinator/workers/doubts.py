"""Workers that find other weights than were sent, time and again, while others find the right ones."""

import logging

from coordinator.workers.exclusions import Exclusions
from shared.messaging.identities import id_of

_MOST = 3  # times in a row, with others finding the right ones after each but the last
_TOLD = 10  # times in a row, whatever others find, after which we say so
_MOST_COUNTED = 1000  # workers: who can take a lease can invent others

log = logging.getLogger(__name__)


class Doubts:
    """How often workers have said in a row that the weights of their requests are not there.

    The memory of such a worker may be broken, or it wants to hold up the others.
    """

    def __init__(self, exclusions: Exclusions) -> None:
        """exclusions: take who says so too often."""
        self._exclusions = exclusions
        self._in_row: dict[str, int] = {}  # by the worker's id
        self._contradicted: dict[str, int] = {}  # after how many of these another worker has found the weights
        self._latest: set[str] = set()  # who has said so since another worker found them

    def found_others(self, worker: str) -> None:
        """Note that a worker has found other weights than its request names, or none."""
        known_as = id_of(worker)
        self._in_row[known_as] = count = self._in_row.get(known_as, 0) + 1
        self._latest.add(known_as)
        if count == 1:
            log.warning("did not find the weights that were sent; sending them again", extra={"worker": worker})
        if self._contradicted.get(known_as, 0) >= _MOST - 1:
            self._forget(known_as)
            self._exclusions.exclude(worker, f"{_MOST} times in a row it did not find weights that others found")
        elif count == _TOLD:
            told = "has not found the weights %d times in a row; is its memory broken, or its connection?"
            log.error(told, count, extra={"worker": worker})
        if len(self._in_row) > _MOST_COUNTED:
            self._forget(next(iter(self._in_row)))

    def found(self, worker: str) -> None:
        """Note a reply that counts: its worker had the right weights, so that they were there for others too."""
        if not self._in_row:
            return
        self._forget(id_of(worker))
        for other in self._latest:
            self._contradicted[other] = self._contradicted.get(other, 0) + 1
        self._latest.clear()

    def _forget(self, known_as: str) -> None:
        self._in_row.pop(known_as, None)
        self._contradicted.pop(known_as, None)
        self._latest.discard(known_as)
