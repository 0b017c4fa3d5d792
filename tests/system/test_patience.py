"""What becomes of a test whose program or command does not end: it fails, and shows what was printed."""

import signal
import sys

import pytest

from tests.support import command, program


def test_a_command_that_does_not_end_is_named_and_ended(monkeypatch):
    monkeypatch.setattr(command, "PATIENCE", 3.0)
    endless = "print('so far', flush=True); import time; time.sleep(1000)"
    with pytest.raises(AssertionError, match=r"(?s)waited 3 s for this: the end of .*sleep.*so far"):
        command.run(sys.executable, "-c", endless)


def test_a_program_that_does_not_end_is_shown(monkeypatch, gradmq, server):
    worker = gradmq("worker", "--redis", server.url)
    worker.wait_for(" ready.")
    monkeypatch.setattr(program, "PATIENCE", 0.1)
    with pytest.raises(AssertionError, match=r"(?s)waited 0\.1 s for this: the program's end.* ready\."):
        worker.end()


def test_a_program_that_ends_too_early_is_not_waited_for(gradmq, server):
    worker = gradmq("worker", "--redis", server.url)
    worker.wait_for(" ready.")
    worker.process.send_signal(signal.SIGKILL)
    with pytest.raises(
        AssertionError, match=r"(?s)the program ended before this: 'the moon' in the program's output.* ready"
    ):
        worker.wait_for("the moon")
