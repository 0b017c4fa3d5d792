"""The coordinator's sign of life."""

import pytest

from coordinator.reporting.heartbeat import Heartbeat
from shared.health_file import health_file
from tests.support.clock import Clock


@pytest.fixture
def clock():
    return Clock()


def test_the_file_is_touched_at_once_and_then_every_two_seconds(tmp_path, clock):
    file = tmp_path / "healthy"
    heart = Heartbeat(file, clock)
    heart.on_begin(None)
    file.unlink()
    clock.now += 1.9
    heart.after_step(None, None, None)
    assert not file.exists()
    clock.now += 0.2
    heart.beat()
    assert file.exists()


def test_a_file_that_cannot_be_touched_stops_nothing_and_is_said_once(tmp_path, clock, caplog):
    heart = Heartbeat(tmp_path / "nowhere" / "healthy", clock)
    for _ in range(3):
        heart.beat()
        clock.now += 10
    (line,) = caplog.messages
    assert "cannot be touched: No such file or directory; the run goes on without" in line


def test_without_a_name_there_is_no_file(monkeypatch, clock):
    monkeypatch.delenv("GRADMQ_HEALTH_FILE", raising=False)
    assert health_file() is None
    Heartbeat(None, clock).beat()
