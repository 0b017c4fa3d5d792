"""The line of advice after a run: where people look, and nowhere else."""

import logging
from dataclasses import replace

import pytest

from coordinator.cli import train
from coordinator.planning import hindsight
from coordinator.runs.run import RunFolder


@pytest.fixture
def trained(main_here, small_data, tmp_path, monkeypatch, capsys):
    """What a small training prints, after which its epochs are said to have had workers, and 100 seconds each."""
    monkeypatch.chdir(tmp_path)
    real = train._say_the_result

    def as_if_by_workers(run: RunFolder) -> None:
        real(run)
        run.metrics[:] = [replace(metrics, workers=2, seconds=100.0) for metrics in run.metrics]

    monkeypatch.setattr(train, "_say_the_result", as_if_by_workers)
    monkeypatch.setattr(hindsight, "_SHARE", 1.0)  # of a run with so few steps

    def run(*options: str) -> tuple[str, str]:
        given = ["--workers", "0", "--data", str(small_data), "--epochs", "2", "--hidden", "5"]
        assert main_here("train", *given, *options) == 0
        output = capsys.readouterr()
        return output.out, output.err

    return run


def test_the_last_line_of_standard_error_is_advice_and_standard_output_is_as_it_was(trained):
    out, err = trained()
    assert "--workers 0 would have taken about 5 % of the time" in err.splitlines()[-1]
    assert "would have" not in out
    assert out.splitlines()[-1].startswith("model: ")


def test_who_wants_no_news_gets_none(trained):
    out, err = trained("--quiet")
    assert err == ""
    assert out.startswith("best epoch")


def test_a_run_that_is_over_soon_gets_none(trained, monkeypatch):
    monkeypatch.setattr(hindsight, "LEAST", 1000.0)
    assert "would have" not in trained()[1]


def test_what_goes_wrong_while_looking_spoils_no_run(trained, monkeypatch, caplog):
    def fail(*_: object) -> str:
        raise MemoryError

    monkeypatch.setattr(train, "advise", fail)
    with caplog.at_level(logging.DEBUG):
        out, _ = trained()
    assert out.splitlines()[-1].startswith("model: ")
