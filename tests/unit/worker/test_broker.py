"""Which broker a worker uses, and whether it looks at its certificate."""

import ssl

import pytest

from shared.errors import AddressError
from worker.celery import app

BY = ["connection", "connection_for_read", "connection_for_write"]


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("variable", ["CELERY_BROKER_URL", "CELERY_BROKER_READ_URL"])
def test_a_certificate_is_looked_at_whoever_named_the_broker(monkeypatch, by, variable):
    """`celery -b` is the first of these variables."""
    for name in (variable, "CELERY_BROKER_URL"):
        monkeypatch.setenv(name, "rediss://:secret@far:6380/0")
    with getattr(app, by)() as connection:
        assert connection.ssl["ssl_cert_reqs"] == ssl.CERT_REQUIRED


def test_of_several_brokers_each_is():
    with app.connection("rediss://:a@far/0;rediss://:b@near/0") as connection:
        assert connection.ssl["ssl_cert_reqs"] == ssl.CERT_REQUIRED
        assert all("ssl_cert_reqs=required" in url for url in connection.alt)


@pytest.mark.parametrize(
    ("options", "wanted"), [("ssl_cert_reqs=none", ssl.CERT_NONE), ("ssl_ca_certs=/ca", ssl.CERT_REQUIRED)]
)
def test_who_wants_it_otherwise_says_so(options, wanted):
    with app.connection(f"rediss://far:6380/0?{options}") as connection:
        assert connection.ssl["ssl_cert_reqs"] == wanted


def test_every_connection_to_rabbitmq_has_options_of_its_own():
    """kombu writes the host into them."""
    with app.connection("amqps://u:a@far//") as one, app.connection("amqps://u:a@far//") as two:
        assert one.ssl == two.ssl == {"server_hostname": "far"}
        assert one.ssl is not two.ssl


@pytest.mark.parametrize("urls", ["amqps://a//;amqps://b//", "amqp://a//;amqps://b//"])
def test_several_brokers_whose_certificates_could_not_be_checked_are_refused(urls):
    with pytest.raises(AddressError, match="give one"):
        app.connection(urls)


def test_brokers_without_tls_are_as_they_were():
    for url in ("redis://:secret@far:6379/1", "amqp://user:secret@far:5672//", "memory://"):
        with app.connection(url) as connection:
            assert not connection.ssl
