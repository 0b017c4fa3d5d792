"""The first moments of a cluster's process group."""

import subprocess
import sys
from pathlib import Path

import pytest

from coordinator.cluster.process_group import ProcessGroup
from shared.errors import QueueError


def watchdogs(monkeypatch, *programs: str) -> list[subprocess.Popen]:
    """Have these be the first watchdogs; return those that are started, the real ones too."""
    begun, real = [], ProcessGroup._started

    def started(group, *arguments):
        command = [sys.executable, "-c", programs[len(begun)]] if len(begun) < len(programs) else None
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        begun.append(real(group, *arguments) if command is None else subprocess.Popen(command, **pipes))
        return begun[-1]

    monkeypatch.setattr(ProcessGroup, "_started", staticmethod(started))
    return begun


def test_a_watchdog_that_is_killed_before_it_has_made_a_folder_is_replaced(monkeypatch, caplog):
    begun = watchdogs(monkeypatch, *["import os; os.kill(os.getpid(), 9)"] * 4)
    group = ProcessGroup()
    try:
        assert group.id == begun[4].pid
        assert Path(group.folder).is_dir()
        assert caplog.messages == ["the watchdog has ended; starting another"] * 4
    finally:
        group.end()
    assert not Path(group.folder).exists()


def test_one_that_can_make_no_folder_is_not(monkeypatch):
    begun = watchdogs(monkeypatch, "pass")
    with pytest.raises(QueueError, match="set TMPDIR to one that can"):
        ProcessGroup()
    assert len(begun) == 1
