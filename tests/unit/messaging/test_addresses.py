"""Addresses as people may see them."""

import pytest

from shared.errors import QueueError
from shared.messaging.addresses import BROKER, REDIS, name_addresses, redis_url, shown, tensors_url, variable


@pytest.mark.parametrize(
    ("url", "as_shown"),
    [
        ("redis://:secret@host:1/0", "redis://:***@host:1/0"),
        ("redis://user:se@cret@host/0", "redis://user:***@host/0"),
        ("unix://:secret@/path?db=1", "unix://:***@/path?db=1"),
        ("redis://host/0?password=secret", "redis://host/0?password=***"),
        ("redis://host:port", "redis://host:port"),
        ("user:secret@host", "user:***@host"),
        ("redis://secret@host", "redis://***@host"),
        ("redis://us/er:secret@host/0", "redis://***@host/0"),
        ("redis://:sec ret@host/x", "redis://:***@host/x"),
        ("redis://user:12/34secret@host", "redis://user:***@host"),
        ("secret", "secret"),
    ],
)
def test_an_address_is_shown_without_its_password(url, as_shown):
    assert shown(url) == as_shown


@pytest.mark.parametrize("part", ["user:12/34secret", ":12?ab=secret", "us/er:secret", ":12#secret", ":se cret/x"])
def test_an_address_whose_password_takes_it_apart_is_refused_and_not_quoted(part):
    with pytest.raises(QueueError, match="with every special character of a password as % and its code") as error:
        redis_url(f"redis://{part}@host/0")
    assert not any(word in str(error.value) for word in ("secret", "34", "ab", "12", "cret/x") if word in part)


@pytest.fixture
def secret(tmp_path, monkeypatch):
    """A file with an address, which a variable names."""
    path = tmp_path / "secret"
    path.write_text("redis://:secret@host:1/0\n")
    monkeypatch.delenv(REDIS, raising=False)
    monkeypatch.setenv(f"{REDIS}_FILE", str(path))
    return path


@pytest.mark.usefixtures("secret")
def test_an_address_may_be_in_a_file():
    assert variable(REDIS) == redis_url() == tensors_url("amqp://host//") == "redis://:secret@host:1/0"
    assert redis_url("redis://other/0") == "redis://other/0"


@pytest.mark.usefixtures("secret")
def test_an_empty_variable_beside_the_file_is_none(monkeypatch):
    monkeypatch.setenv(REDIS, "")
    assert redis_url() == "redis://:secret@host:1/0"


@pytest.mark.usefixtures("secret")
def test_a_variable_and_a_file_are_too_much(monkeypatch):
    monkeypatch.setenv(REDIS, "redis://host/0")
    with pytest.raises(QueueError, match="GRADMQ_REDIS_URL and GRADMQ_REDIS_URL_FILE are both given; give one"):
        variable(REDIS)


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe\x80"])
def test_a_file_without_an_address_is_named(secret, content):
    if content is None:
        secret.unlink()
    else:
        secret.write_bytes(content)
    with pytest.raises(QueueError, match=r"^GRADMQ_REDIS_URL_FILE \S+secret (cannot be read: |is empty)"):
        variable(REDIS)


@pytest.mark.usefixtures("secret")
def test_what_is_started_hears_of_one_address_alone(monkeypatch):
    environment = {f"{REDIS}_FILE": "x", f"{BROKER}_FILE": "x", BROKER: "x", "HOME": "/"}
    name_addresses(environment, "redis://host/0", None)
    assert environment == {REDIS: "redis://host/0", "HOME": "/"}
    name_addresses(environment, "redis://host/0", "amqp://host//")
    assert environment == {REDIS: "redis://host/0", BROKER: "amqp://host//", "HOME": "/"}
