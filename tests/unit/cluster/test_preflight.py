"""What is checked before a run begins, as far as no server is needed for it."""

import socket
import sys
from importlib.machinery import PathFinder

import pytest

from coordinator.cluster.preflight import check_flower, check_redis, check_transport
from shared.errors import QueueError


def test_flower_that_is_not_installed_is_named_with_its_extra(monkeypatch):
    monkeypatch.delitem(sys.modules, "flower", raising=False)
    monkeypatch.setattr(PathFinder, "find_spec", lambda *_: None)
    with pytest.raises(QueueError, match=r"--flower 5555 needs Flower.*pip install 'gradmq\[flower\]'"):
        check_flower(5555)


def test_flower_on_a_port_in_use_is_refused():
    pytest.importorskip("flower")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(QueueError, match=f"--flower {port} cannot be used: Address already in use"):
            check_flower(port)
    check_flower(port)


@pytest.mark.parametrize("url", ["memory://", "filesystem:///x", "nonsense://x", "x", "http://user:guess@host"])
def test_a_broker_that_is_none_is_refused_without_its_password(url):
    with pytest.raises(QueueError, match="is not the address of a broker") as complaint:
        check_transport(url)
    assert "guess" not in str(complaint.value)


@pytest.mark.parametrize("url", ["redis://host/0", "rediss://:secret@host:1/0", "amqp://user:secret@host//"])
def test_a_broker_of_a_known_kind_is_not_connected_to(url):
    check_transport(url)


def test_an_address_that_is_none_is_refused():
    with pytest.raises(QueueError, match="http://x is not the address of a Redis"):
        check_redis("http://x")
