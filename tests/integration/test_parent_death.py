"""A process that ends with the one that started it, however that ends."""

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from shared import parent_death
from shared.parent_death import ending_with_us
from tests.support.processes import wait_for_the_end_of

linux = pytest.mark.skipif(sys.platform != "linux", reason="no other system tells a process of its parent's death")

_PARENT = """
import subprocess, sys
from shared.parent_death import ending_with_us
program = "print('begins', flush=True); import time; time.sleep(600)"
subprocess.run(ending_with_us([sys.executable, "-c", program]))
"""


def test_it_needs_the_standard_library_alone():
    tree = ast.parse(Path(parent_death.__file__).read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= sys.stdlib_module_names


@linux
def test_a_child_ends_with_a_parent_that_was_killed_with_9():
    environment = {**os.environ, "PYTHONPATH": str(Path(parent_death.__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout.readline() == b"begins\n"
        (child,) = psutil.Process(parent.pid).children()
        parent.kill()
        wait_for_the_end_of([child])


@linux
def test_a_child_whose_parent_has_ended_before_it_could_ask_ends_too():
    command = ending_with_us([sys.executable, "-c", "print('still here')"])
    command[4] = "1"  # the parent's process id
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"")


def test_a_command_is_the_same_otherwise():
    program = "import signal, sys; print(sys.argv[1:], signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN)"
    words = ["with a space", "", "ümlaut"]
    direct, bound = (
        subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
        for command in (
            [sys.executable, "-c", program, *words],
            ending_with_us([sys.executable, "-c", program, *words]),
        )
    )
    assert direct == bound


def test_elsewhere_nobody_is_asked(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert ending_with_us(["redis-server"]) == ["redis-server"]
    parent_death.end_with(0)
