"""A real shell completes a command line by the script that the documentation names."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.support import command
from tests.support.mnist import PROJECT

ASK = """
eval "$(_GRADMQ_COMPLETE=bash_source gradmq)"
COMP_WORDS=(gradmq resume 2026) COMP_CWORD=2
_gradmq_completion gradmq 2026 resume
echo "${COMPREPLY[@]}"
complete -p gradmq
"""


def test_bash_completes_the_id_of_a_run(tmp_path):
    if not shutil.which("gradmq", path=Path(sys.executable).parent):
        pytest.skip("needs the program on PATH")
    (tmp_path / "runs" / "20260102-030405-abcdef").mkdir(parents=True)
    (tmp_path / "runs" / "20260102-030405-abcdef" / "config.json").touch()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = command.run("bash", "-c", ASK, cwd=tmp_path, env={**os.environ, "PATH": path, "PYTHONPATH": str(PROJECT)})
    first, second = done.stdout.splitlines()
    assert first == "20260102-030405-abcdef", done.stderr
    assert second == "complete -o nosort -F _gradmq_completion gradmq"
