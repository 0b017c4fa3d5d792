"""What the workers of a run are called: their records carry a credential, people read a name and an id."""

from collections import OrderedDict

from shared.accounting import COORDINATOR, UNKNOWN
from shared.messaging.identities import called

_MOST = 4000  # workers whose names are known at a time; they say them again in every window
_NAMELESS = "lease"


class Roster:
    """The workers that have introduced themselves lately."""

    def __init__(self) -> None:
        self._called: OrderedDict[int, str] = OrderedDict()  # by their credentials

    def knows(self, credential: int) -> bool:
        """Tell whether a worker has introduced itself."""
        return credential in self._called

    def called(self, credential: int, lease: int, name: str = "") -> str:
        """Return what a worker is called that speaks in a lease, in which it may introduce itself by a name.

        By its first name, or by the lease if it has none, or says that it is somebody who is no worker.
        """
        known = self._called.get(credential)
        if known is None:
            known = called(f"{_NAMELESS} {lease}" if name in ("", COORDINATOR, UNKNOWN) else name, credential)
        return known

    def keep(self, credential: int, worker: str) -> None:
        """Note that a worker has introduced itself, and is called so."""
        self._called[credential] = worker
        self._called.move_to_end(credential)
        if len(self._called) > _MOST:
            self._called.popitem(last=False)
