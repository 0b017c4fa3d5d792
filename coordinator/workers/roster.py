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

    def introduced(self, credential: int, name: str, lease: int) -> str:
        """Note how a worker calls itself in a lease; return what it is called: by its lease if it has no name.

        Or if it says that it is somebody who is no worker.
        """
        if name in ("", COORDINATOR, UNKNOWN):
            name = f"{_NAMELESS} {lease}"
        worker = self._called[credential] = called(name, credential)
        self._called.move_to_end(credential)
        if len(self._called) > _MOST:
            self._called.popitem(last=False)
        return worker

    def knows(self, credential: int) -> bool:
        """Tell whether a worker has introduced itself."""
        return credential in self._called

    def called(self, credential: int, lease: int) -> str:
        """Return what a worker is called that speaks in a lease: by that if it has not introduced itself."""
        return self._called.get(credential) or self.introduced(credential, "", lease)
