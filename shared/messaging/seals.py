"""Seals: by what a message shows that its sender holds a key, and that no bit of it has changed since.

The coordinator seals its requests with a key of its own, so that nobody can make one that it would know again, and
gives each lease a secret. Whoever holds the lease seals what it says with a key made from that secret and from what the
lease says: a lease that somebody has changed makes seals that do not fit. A seal is the BLAKE2b of a record, keyed
(RFC 7693). A tensor behind the record is far larger: the record has its digest.
"""

import secrets
from collections import OrderedDict
from hashlib import blake2b

from xxhash import xxh3_64_intdigest

SEAL_BYTES = 8
_SECRET_BYTES = 16
_REMEMBERED = 4000  # leases whose keys are known at least: a window's, and those before, for late replies

digest = xxh3_64_intdigest  # of bytes, as 64 bits; only a seal makes it one that nobody else can have made


class Key:
    """A key that records are sealed with."""

    def __init__(self, secret: bytes) -> None:
        """secret: up to 64 bytes."""
        self._begun = blake2b(digest_size=SEAL_BYTES, key=secret)

    def seal(self, body: bytes | memoryview) -> bytes:
        """Return the seal of these bytes, SEAL_BYTES long."""
        sealed = self._begun.copy()
        sealed.update(body)
        return sealed.digest()


class CoordinatorKeys:
    """The keys of one incarnation of a run, all made from one secret that never leaves the coordinator."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(_SECRET_BYTES)
        self.own = Key(self._secret)
        self._of_leases: OrderedDict[int, Key] = OrderedDict()

    def secret(self, lease: int) -> str:
        """Return what a lease is given, as hexadecimal digits."""
        return blake2b(b"%d" % lease, digest_size=_SECRET_BYTES, key=self._secret, person=b"lease").hexdigest()

    def granted(self, lease: int, terms: bytes, window: int) -> None:
        """Note what the lease of that number says, see `Lease.terms`.

        window: how many of the latest are still in use.
        """
        self._of_leases[lease] = key_of(self.secret(lease), terms)
        while len(self._of_leases) > max(_REMEMBERED, window):
            self._of_leases.popitem(last=False)

    def of_lease(self, lease: int) -> Key | None:
        """Return the key of one of the latest leases, None for a number that none of them has."""
        return self._of_leases.get(lease)


def key_of(secret: str, terms: bytes) -> Key:
    """Return the key of the holder of a lease that has this secret and says this.  Raises ValueError for no secret."""
    given = bytes.fromhex(secret)
    if len(given) != _SECRET_BYTES:
        raise ValueError("a secret of another length")
    return Key(blake2b(terms, key=given).digest())
