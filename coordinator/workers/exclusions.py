"""Who gets no more work in this run, because it cannot be trusted."""

import logging

from shared.accounting import MOST_EXCLUDED
from shared.messaging.identities import id_of

_BAD_REPLIES = 3  # in a row that could not be right
_MOST_COUNTED = 1000  # workers whose bad replies are counted: who can take a lease can invent others

log = logging.getLogger(__name__)


class Exclusions:
    """The workers that get no more work, and the bad replies of those that may come to that.

    A worker is known by its id, whatever name it has with it.
    """

    def __init__(self, names: list[str]) -> None:
        """names: what those are called who are excluded already; it is kept up to date, the newest at the end."""
        self.names = names
        self.total = 0  # how many were excluded since
        self._ids = {id_of(name) for name in names}
        self._bad: dict[str, int] = {}  # a worker's bad replies in a row, by its id
        self._told = False  # that there are too many

    def __contains__(self, worker: str) -> bool:
        return bool(self._ids) and id_of(worker) in self._ids

    @property
    def ids(self) -> frozenset[str]:
        """The ids of those who are excluded."""
        return frozenset(self._ids)

    def since(self, total: int) -> tuple[str, ...]:
        """Return who was excluded since `total` was so high."""
        return tuple(self.names[-(self.total - total) :]) if self.total > total else ()

    def exclude(self, worker: str, why: str) -> None:
        """Give a worker no more work in this run."""
        if worker in self:
            return
        self.names.append(worker)
        self._ids.add(id_of(worker))
        self.total += 1
        log.error("%s; it gets no more work in this run", why, extra={"worker": worker, "event": "excluded"})
        if len(self.names) > MOST_EXCLUDED:
            # The oldest may be long gone, and if not, it is found out again.
            self._ids.discard(id_of(self.names.pop(0)))
            if not self._told:
                self._told = True
                log.error(
                    "that makes more than %d excluded workers: somebody invents them; change the workers' password",
                    MOST_EXCLUDED,
                )

    def good(self, worker: str) -> None:
        """Note a reply that was right."""
        if self._bad:
            self._bad.pop(id_of(worker), None)

    def bad(self, worker: str, why: str) -> None:
        """Note a reply that could not be right."""
        known_as = id_of(worker)
        self._bad[known_as] = count = self._bad.get(known_as, 0) + 1
        if count == 1:
            log.warning("a reply was rejected: %s", why, extra={"worker": worker, "event": "rejected"})
        if count >= _BAD_REPLIES:
            del self._bad[known_as]
            self.exclude(worker, f"{_BAD_REPLIES} rejected replies in a row")
        elif len(self._bad) > _MOST_COUNTED:
            del self._bad[next(iter(self._bad))]
