"""When a lease is to be left."""

import time
from collections.abc import Callable

from shared.messaging.keys import Keys
from shared.messaging.lease import Lease
from shared.messaging.records import RECORD_BYTES, Kind, Record
from shared.messaging.resp import Stream, encode
from worker.shutdown import is_leaving

_NO_COORDINATOR = 4.0  # seconds without published weights after which a lease is given up

WINDOW_OVER = "window over"
COORDINATOR_GONE = "coordinator is gone"
WORKER_LEAVING = "worker is leaving"
REDIS_AWAY = "Redis is away"


class Departure:
    """The reasons to leave one lease. Each is a few words for people, none is an empty string."""

    def __init__(self, lease: Lease, clock: Callable[[], float] = time.monotonic) -> None:
        self._lease = lease
        self._keys = Keys(lease.run, lease.incarnation)
        self._clock = clock
        self._weights_seen: float | None = None  # when, by the clock

    def why(self, request: Record | None, weights: Record | None) -> str:
        """Return why the lease should be left now, after these were found in Redis."""
        now = self._clock()
        if weights is not None:
            self._weights_seen = now
        # The weights decide; the sign in the list only wakes who waits there.
        told = request is not None and request.kind == Kind.OVER
        if told if weights is None else weights.number != self._lease.window:
            return WINDOW_OVER
        # A lease that never saw weights came after its run; one that did allows the coordinator a pause.
        if self._weights_seen is None or now - self._weights_seen > _NO_COORDINATOR:
            return COORDINATOR_GONE
        return WORKER_LEAVING if is_leaving() else ""

    def look(self, stream: Stream) -> str:
        """Return why the lease should be left now, having looked for the weights."""
        stream.send(encode("GETRANGE", self._keys.weights, 0, RECORD_BYTES - 1))
        return self.why(None, Record.decode(stream.read_bulk() or b""))

    def look_for_successor(self, stream: Stream) -> str:
        """The same, if the coordinator has died and the run goes on in its next incarnation, with other leases."""
        stream.send(encode("GET", self._keys.incarnation))
        incarnation = stream.read_bulk()
        return "" if incarnation in (None, b"%d" % self._lease.incarnation) else COORDINATOR_GONE

    def redis_was_away(self) -> None:
        """Until now nothing could be seen, so that the coordinator's pause begins now."""
        if self._weights_seen is not None:
            self._weights_seen = self._clock()
