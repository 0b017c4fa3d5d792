"""Seals: by what a message shows that its sender holds a key, and that no bit of it has changed since.

The coordinator seals its requests with a key of its own, so that nobody can make one that it would know again, and
gives each lease a secret, with which whoever holds the lease seals what it says. A seal is the BLAKE2b of a record,
keyed (RFC 7693). A tensor behind the record is far larger: the record has its digest.
"""

import secrets
from functools import lru_cache
from hashlib import blake2b

from xxhash import xxh3_64_intdigest

SEAL_BYTES = 8
_SECRET_BYTES = 16

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
        self.of_lease = lru_cache(1000)(self._of_lease)

    def secret(self, lease: int) -> str:
        """Return what a lease is given, as hexadecimal digits."""
        return blake2b(b"%d" % lease, digest_size=_SECRET_BYTES, key=self._secret, person=b"lease").hexdigest()

    def _of_lease(self, lease: int) -> Key:
        """Return the key of a lease."""
        return key_of(self.secret(lease))


def key_of(secret: str) -> Key:
    """Return the key that a lease's secret stands for."""
    return Key(bytes.fromhex(secret))
