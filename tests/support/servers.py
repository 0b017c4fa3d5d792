"""Redis servers of the tests' own, each on a unix socket and a free port of this machine, with or without TLS."""

import secrets
import socket
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path

import redis
import trustme

from coordinator.cluster.redis_server import redis_server
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until

# Below the ports that systems lend to outgoing connections, so that a server that was killed finds its port free again.
_PORTS = range(20_000, 32_000)


class DoesNotStartError(AssertionError):
    """The server ends as soon as it starts."""


class Server:
    """A Redis with a password."""

    password = "a-secret"

    def __init__(self, folder: Path, *options: object) -> None:
        self.socket = folder / "redis.sock"
        self.port = free_port()
        self.url = f"unix://:{self.password}@{self.socket}?db=0"
        self.tcp_url = f"redis://:{self.password}@127.0.0.1:{self.port}/0"
        self._log = folder / "redis.log"
        self._command = [
            redis_server(),
            *("--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", str(self.socket)),
            *("--requirepass", self.password, "--save", "", "--dir", str(folder), "--loglevel", "warning"),
            *map(str, options),
        ]
        self.start()

    def start(self) -> None:
        """Start it, empty.  Raises DoesNotStartError if it ends at once."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log)
        try:
            wait_until(self._answers, "an answer of Redis", self._log.read_text)
        except AssertionError:
            self.kill()
            raise

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise DoesNotStartError(self._log.read_text())
        with suppress(redis.RedisError), self.client() as client:
            return bool(client.ping())
        return False


class TlsServer:
    """The same server behind TLS: its own, or where it was built without, a proxy before it."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        certificate = self._authority.issue_cert("127.0.0.1")
        (folder / "key").write_bytes(certificate.private_key_pem.bytes())
        (folder / "certificate").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
        self.ca = folder / "ca"
        self._authority.cert_pem.write_to_path(str(self.ca))
        self.port = free_port()
        self._tunnel: Proxy | None = None
        files = ["--tls-key-file", folder / "key", "--tls-cert-file", folder / "certificate"]
        try:
            self.server = Server(folder, "--tls-port", self.port, "--tls-auth-clients", "no", *files)
        except DoesNotStartError:
            self.server = Server(folder)
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            certificate.configure_cert(context)
            self._tunnel = Proxy(self.server.socket, context)
            self.port = self._tunnel.port
        self.password = self.server.password
        self.insecure_url = f"rediss://:{self.password}@127.0.0.1:{self.port}/0"
        self.url = f"{self.insecure_url}?ssl_ca_certs={self.ca}"

    def close(self) -> None:
        self.server.kill()
        if self._tunnel is not None:
            self._tunnel.close()


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    while True:
        with suppress(OSError), socket.socket() as probe:
            port = secrets.choice(_PORTS)
            probe.bind(("127.0.0.1", port))
            return port
