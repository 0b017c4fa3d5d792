"""Who this worker is: drawn at its start, and inherited by the pool's processes, also by those that take others' place.

A worker that is started again is another.
"""

from shared.messaging.identities import Credentials

CREDENTIALS = Credentials()
