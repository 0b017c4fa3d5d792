"""Log lines without passwords."""

import pytest

from shared.logs import masked


@pytest.mark.parametrize(
    ("text", "as_written"),
    [
        ("no way to redis://user:secret@host:1/0, sorry", "no way to redis://user:***@host:1/0, sorry"),
        ("amqp://:s@e/c:ret@host// is away", "amqp://:***@host// is away"),
        ("redis://us/er:secret@host/0", "redis://us/er:***@host/0"),
        ("rediss://host/0?ssl_password=secret&db=1", "rediss://host/0?ssl_password=***&db=1"),
        ("worker1@host: nothing to hide", "worker1@host: nothing to hide"),
    ],
)
def test_passwords_are_masked_wherever_they_are(text, as_written):
    assert masked(text) == as_written
