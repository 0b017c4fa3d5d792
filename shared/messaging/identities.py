"""Who a worker is, whatever it calls itself: 64 bits, other ones in each run, that only it and the coordinator know.

These are its credential. Each of its records carries it, in a list that workers cannot read. Its id is a digest of
that, and may be known: who gets no work is named by it in leases, which every worker can read. So whoever borrows a
name has another id than the name's owner, and nobody can borrow an id.
"""

import secrets
from hashlib import blake2b

_BYTES = 8
_SEPARATOR = ":"


class Credentials:
    """The credentials of one worker, all made from one secret that never leaves it."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(16)

    def in_run(self, run: str) -> int:
        """Return the credential for a run.

        It is another in each, because the coordinator of some other run may be no friend of this one.
        """
        return int.from_bytes(blake2b(run.encode(), digest_size=_BYTES, key=self._secret).digest(), "little")


def worker_id(credential: int) -> str:
    """Return the id of who has this credential, sixteen hexadecimal digits."""
    return blake2b(credential.to_bytes(_BYTES, "little"), digest_size=_BYTES, person=b"worker").hexdigest()


def called(name: str, credential: int) -> str:
    """Return what a worker is called in a run: by the name that it gives itself, and its id."""
    return f"{name}{_SEPARATOR}{worker_id(credential)}"


def name_of(worker: str) -> str:
    """Return the name that a worker that is called so gives itself."""
    return worker.rpartition(_SEPARATOR)[0] or worker


def id_of(worker: str) -> str:
    """Return the id of a worker that is called so."""
    return worker.rpartition(_SEPARATOR)[2]
