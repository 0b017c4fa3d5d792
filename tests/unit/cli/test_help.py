"""Help is for somebody who looks for something: in sections, with defaults."""

import re

import click
import pytest

from coordinator.cli import option
from coordinator.cli.main import cli
from coordinator.cli.train import train_command
from shared.config.suggestions import suggestions_of
from shared.data.in_memory import dataset_of

_MANY = 8  # options of a command, from which on they are in sections


def sections(text: str) -> list[str]:
    return [line.rstrip(":") for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_the_commands_are_in_sections(main_here, capsys, flag):
    assert main_here(flag) == 0
    text = capsys.readouterr().out
    assert sections(text) == ["Options", "Train", "Look", "Use", "Operate"]
    for name in cli.commands:
        assert f"\n  {name} " in text
    assert "..." not in text.split("Train:")[1], "a short help that is too long"


def test_the_options_of_train_are_in_the_order_in_which_one_needs_them(main_here, capsys):
    assert main_here("train", "-h") == 0
    names = "SETTINGS DATA PARTS MODEL LEARNING OPTIMIZER REGULARISATION DIVISION CLUSTER OUTPUT"
    wanted = [*(getattr(option, name) for name in names.split()), "Environment"]
    assert sections(capsys.readouterr().out) == wanted


@pytest.mark.parametrize("name", cli.commands)
def test_every_command_has_help_and_many_options_have_sections(main_here, capsys, name):
    assert main_here(name, "-h") == 0
    text = capsys.readouterr().out
    command = cli.commands[name]
    assert text.startswith(f"Usage: gradmq {name}")
    for param in command.params:
        if isinstance(param, click.Option):
            assert param.help, param.opts
            assert param.opts[0] in text or param.opts[-1] in text
    options = [param for param in command.params if isinstance(param, click.Option)]
    if len(options) >= _MANY:
        assert len({each.section for each in options}) >= 2


@pytest.mark.parametrize("name", cli.commands)
def test_a_default_stands_in_brackets_at_the_end(name):
    for param in cli.commands[name].params:
        if isinstance(param, click.Option) and "default" in (param.help or "").lower():
            assert re.search(r"\.  \[default: [^][]+\]$", param.help), param.opts


def test_defaults_are_shown(main_here, capsys):
    assert main_here("train", "-h") == 0
    text = " ".join(capsys.readouterr().out.split())
    for param in train_command.params:
        if isinstance(param, click.Option) and isinstance(param.default, int | float | str) and not param.is_flag:
            assert f"default: {param.default}" in text, param.opts


def test_defaults_for_tables_are_those_that_a_table_gets(main_here, capsys):
    assert main_here("train", "-h") == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "[default: sigmoid; for tables: relu]" in text
    told = {param.name: re.search("; for tables: ([^]; ]*)", param.help or "") for param in train_command.params}
    shown = {name: found[1].rstrip(",") for name, found in told.items() if found}
    table = dataset_of({"x": [float(number) for number in range(100)]}, 50 * ["a", "b"])
    suggested = suggestions_of(table)
    assert shown.pop("standardize") == ",".join(f"{each:g}" for each in suggested.pop("standardize"))
    assert shown == {name: str(value) for name, value in suggested.items()}
