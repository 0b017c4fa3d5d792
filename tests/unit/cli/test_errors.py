"""What becomes of an error on the command line."""

import pytest

from coordinator.cli import train
from shared.errors import ConfigError, DivergedError, InternalError, LedgerError, RunError


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (
            ConfigError("mini_batch_size", 0, "must be at least 1", "give 10"),
            2,
            "--mini-batch-size must be at least 1, got 0; give 10",
        ),
        (RunError("there is\nno run"), 2, "there is no run"),
        (DivergedError("no longer finite"), 2, "no longer finite"),
        (InternalError("a defect"), 70, "a defect"),
        (LedgerError("the ledger does not come out"), 70, "the ledger does not come out"),
        (OSError(28, "No space left on device", "x"), 74, "x: No space left on device; check disk, permissions and"),
        (MemoryError(), 2, "this needs more memory than there is; choose smaller --sizes or --mini-batch-size"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(main_here, monkeypatch, capsys, error, code, line):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(train, "prepare", fail)
    assert main_here("train") == code
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"gradmq: {line}")
    assert output.err.count("\n") == 1


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_no_error(main_here, capsys, option):
    assert main_here(option) == 0
    assert "Distributed training over a message queue" in capsys.readouterr().out
