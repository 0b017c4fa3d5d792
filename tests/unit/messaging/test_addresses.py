"""Addresses as people may see them."""

import pytest

from shared.messaging.addresses import shown


@pytest.mark.parametrize(
    ("url", "as_shown"),
    [
        ("redis://:secret@host:1/0", "redis://:***@host:1/0"),
        ("redis://user:se@cret@host/0", "redis://user:***@host/0"),
        ("unix://:secret@/path?db=1", "unix://:***@/path?db=1"),
        ("redis://host/0?password=secret", "redis://host/0?password=***"),
        ("redis://host:port", "redis://host:port"),
        ("user:secret@host", "user:***@host"),
        ("secret", "secret"),
    ],
)
def test_an_address_is_shown_without_its_password(url, as_shown):
    assert shown(url) == as_shown
