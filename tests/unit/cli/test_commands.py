"""Commands are imported when they are asked for, and no earlier."""

import gc
import sys

import click
import pytest

from coordinator.cli.commands import Commands
from shared.importing import nothing_is_garbage

MODULE = """
import click

@click.command("wave")
def wave_command():
    pass
"""


@pytest.fixture
def commands(tmp_path, monkeypatch):
    (tmp_path / "some_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    made = Commands()
    made.is_in("some_module:wave_command", "wave")
    made["nod"] = click.Command("nod")
    yield made
    sys.modules.pop("some_module", None)


def test_who_asks_for_names_imports_nothing(commands):
    assert [*commands] == ["wave", "nod"]
    assert "wave" in commands
    assert "some_module" not in sys.modules


def test_a_command_that_is_asked_for_is_imported_once(commands):
    assert commands["wave"].callback is commands["wave"].callback is not None
    assert commands["wave"] is sys.modules["some_module"].wave_command
    assert [command.name for command in commands.values()] == ["wave", "nod"]


def test_an_import_that_fails_fails_again(commands):
    commands.is_in("no_such_module:nod_command", "nod")
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError):
            commands["nod"]


def test_there_is_no_other(commands):
    assert commands.get("shake") is None


@pytest.mark.parametrize("collects", [True, False])
def test_garbage_is_collected_afterwards_if_it_was_before(collects):
    was_enabled = gc.isenabled()
    try:
        (gc.enable if collects else gc.disable)()
        with nothing_is_garbage():
            assert not gc.isenabled()
        assert gc.isenabled() == collects
    finally:
        (gc.enable if was_enabled else gc.disable)()
