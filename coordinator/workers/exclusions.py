"""Who gets no more work in this run, because it cannot be trusted."""

import logging

_BAD_REPLIES = 3  # in a row that could not be right
_MOST = 100  # names: they are in every lease, and who is excluded can invent others

log = logging.getLogger(__name__)


class Exclusions:
    """The workers that get no more work, and the bad replies of those that may come to that."""

    def __init__(self, names: list[str]) -> None:
        """names: who is excluded already; it is kept up to date."""
        self.names = names
        self._bad: dict[str, int] = {}  # a worker's bad replies in a row

    def exclude(self, worker: str, why: str) -> None:
        """Give a worker no more work in this run."""
        if worker not in self.names:
            self.names.append(worker)
            log.error("%s; it gets no more work in this run", why, extra={"worker": worker, "event": "excluded"})
            if len(self.names) > _MOST:
                forgotten = self.names.pop(0)
                log.error(
                    "that makes more than %d excluded workers: somebody invents names; change the workers' password",
                    _MOST,
                    extra={"worker": forgotten},
                )

    def good(self, worker: str) -> None:
        """Note a reply that was right."""
        if self._bad:
            self._bad.pop(worker, None)

    def bad(self, worker: str, why: str) -> None:
        """Note a reply that could not be right."""
        self._bad[worker] = self._bad.get(worker, 0) + 1
        if self._bad[worker] == 1:
            log.warning("a reply was rejected: %s", why, extra={"worker": worker, "event": "rejected"})
        if self._bad[worker] >= _BAD_REPLIES:
            self.exclude(worker, f"{_BAD_REPLIES} rejected replies in a row")
