"""Whose certificate is taken of a broker behind `amqps://`, told by a server that hears who goes on to talk to it."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread

import pytest
import trustme

from coordinator.cluster import preflight
from shared.errors import QueueError
from shared.messaging.client_app import ClientApp
from worker.celery import app


class Listener:
    """Accepts connections behind a certificate for some host, and notes what is said first on each."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.heard: list[bytes] = []
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"amqps://user:secret@localhost:{self._socket.getsockname()[1]}//"
        self._thread = Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # closed
                return
            with connection, suppress(OSError), self._context.wrap_socket(connection, server_side=True) as stream:
                self.heard.append(stream.recv(4))

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def listening(tmp_path, monkeypatch) -> Iterator[Callable[[str], Listener]]:
    authority, begun = trustme.CA(), list[Listener]()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setattr(preflight, "_START", 0.0)

    def begin(host: str) -> Listener:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(context)
        begun.append(Listener(context))
        return begun[-1]

    yield begin
    for listener in begun:
        listener.close()


def worker(url: str) -> None:
    with app.connection_for_read(url) as connection, suppress(OSError):
        connection.transport.establish_connection()


def coordinator(url: str) -> None:
    with ClientApp(url).connection_for_write() as connection, suppress(OSError):
        connection.transport.establish_connection()


def check(url: str) -> None:
    with pytest.raises(QueueError, match="cannot be used"):
        preflight.check_broker(url)


@pytest.mark.parametrize("who", [worker, coordinator, check])
def test_a_signed_certificate_of_another_host_is_refused(listening, who):
    other = listening("other.example.com")
    who(other.url)
    assert other.heard == []


@pytest.mark.parametrize("who", [worker, coordinator, check])
def test_that_of_the_host_is_taken(listening, who):
    right = listening("localhost")
    who(right.url)  # it says nothing then, and so is no broker
    assert b"AMQP" in right.heard
