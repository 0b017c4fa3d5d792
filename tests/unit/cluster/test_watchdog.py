"""The watchdog, as far as it needs no processes."""

import ast
import sys
import tempfile
from pathlib import Path

import pytest

from coordinator.cluster import watchdog


def test_it_needs_the_standard_library_alone():
    tree = ast.parse(Path(watchdog.__file__).read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= sys.stdlib_module_names
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]


@pytest.mark.parametrize(
    ("usual", "taken"),
    [
        ("/var/tmp", "/var/tmp"),
        ("/var/folders/x-y/a_b.c+d", "/var/folders/x-y/a_b.c+d"),
        ("/with a space", "/tmp"),
        ("/a?b", "/tmp"),
        ("/ümlaut", "/tmp"),
        (f"/{'long' * 20}", "/tmp"),
    ],
)
def test_the_folder_can_be_part_of_a_sockets_address(monkeypatch, usual, taken):
    monkeypatch.setattr(tempfile, "tempdir", usual)
    assert watchdog.parent() == taken
