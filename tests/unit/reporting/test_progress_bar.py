"""The bar, on a real terminal of the kernel's."""

import os
import pty
import re
import sys
import termios
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from coordinator.reporting import progress_bar
from coordinator.reporting.progress import progress
from coordinator.reporting.progress_bar import ProgressBar
from coordinator.reporting.status_lines import StatusLines
from shared.training.callbacks import Callback
from tests.support.learning import DATA
from tests.support.watched import CONFIG, WatchedRun


class Terminal:
    """What stands on it is what was written since the last look."""

    def __init__(self) -> None:
        self._mine, self._theirs = pty.openpty()
        os.set_blocking(self._mine, False)
        self.file = os.fdopen(self._theirs, "w")

    def resize(self, columns: int) -> None:
        termios.tcsetwinsize(self._theirs, (24, columns))

    def frames(self) -> list[str]:
        """The lines that were drawn over one another, without the spaces behind them."""
        self.file.flush()
        written = b""
        try:
            while more := os.read(self._mine, 65536):
                written += more
        except BlockingIOError:
            pass
        return [frame for frame in re.split(r"[\r\n]+|\x1b\[J", written.decode()) if frame.strip()]

    def close(self) -> None:
        self.file.close()
        os.close(self._mine)


@pytest.fixture
def terminal(monkeypatch) -> Iterator[Terminal]:
    made = Terminal()
    monkeypatch.setattr(progress_bar, "_REFRESH", 0.0)
    yield made
    made.close()


@pytest.fixture
def bar(terminal, monkeypatch) -> Callable[[], ProgressBar]:
    def make() -> ProgressBar:
        monkeypatch.setattr(sys, "stderr", terminal.file)  # not before: pytest itself replaces it
        return ProgressBar(CONFIG, len(DATA.training))

    return make


@pytest.mark.parametrize("columns", [30, 60, 80, 140])
def test_it_never_is_wider_than_the_terminal_and_says_what_fits(terminal, bar, columns):
    terminal.resize(columns)
    run = WatchedRun()
    with bar() as shown:
        run.go_on_before(shown, stop_at=(2, 5))
        frames = terminal.frames()
    assert max(map(len, frames)) <= columns
    last = frames[-1].rstrip()
    assert last.startswith("epoch 2, step 5/10")
    assert ("50%" in last and last.endswith(" left")) is (columns >= 60)
    assert "samples/s" in last or columns < 80
    assert "validation" in last or columns < 140
    assert columns < 60 or "█" in last or "▏" in last or "#" in last


def test_after_a_resume_it_begins_where_the_epoch_stands(terminal, bar):
    terminal.resize(100)
    run = WatchedRun()
    run.go_on_before(StatusLines(CONFIG, DATA.training), stop_at=(3, 4))
    with bar() as shown:
        shown.on_begin(run.state)
        (first,) = terminal.frames()
    assert first.startswith("epoch 3, step 4/10  68%|")


def test_the_samples_before_a_resume_do_not_count_for_the_speed(terminal, bar):
    terminal.resize(100)
    run = WatchedRun()
    run.state.epoch = 4
    with bar() as shown:
        shown.on_begin(run.state)
        assert shown._bar._bar.format_dict["initial"] == 240
        assert not shown._bar._bar._ema_dn()  # of which tqdm takes the speed


def test_when_the_terminal_is_made_narrower_no_spaces_begin_another_line(terminal, bar):
    terminal.resize(140)
    run = WatchedRun()
    with bar() as shown:
        run.go_on_before(shown, stop_at=(1, 5))
        assert max(map(len, terminal.frames())) > 100
        terminal.resize(60)
        run.go_on_before(shown, stop_at=(1, 8))
        assert max(map(len, terminal.frames())) <= 60
        terminal.resize(140)
        run.go_on_before(shown, stop_at=(2, 2))
        assert max(map(len, terminal.frames())) > 100


def test_a_bar_with_a_delay_is_shown_only_of_what_takes_longer(terminal, monkeypatch):
    terminal.resize(100)
    monkeypatch.setattr(sys, "stderr", terminal.file)
    run = WatchedRun()
    with ProgressBar(CONFIG, len(DATA.training), delay=3600.0) as shown:
        run.go_on_before(shown, stop_at=(1, 5))
    assert terminal.frames() == []
    with ProgressBar(CONFIG, len(DATA.training), delay=1e-9) as shown:
        run.go_on_before(shown, stop_at=(2, 5))
        assert terminal.frames()[0].startswith("epoch 1, step 6/10  32%|")
        assert not shown._bar._bar.format_dict["initial"] < 96  # what was done before is no speed of it


def test_in_a_notebook_the_bar_is_tqdms_for_notebooks_with_the_same_text(monkeypatch, capsys):
    monkeypatch.setattr(progress_bar, "in_notebook", lambda: True)
    monkeypatch.setattr(progress_bar, "_REFRESH", 0.0)
    run, texts = WatchedRun(), []
    with ProgressBar(CONFIG, len(DATA.training)) as shown:
        run.go_on_before(shown, stop_at=(2, 5))
        texts = [shown._bar._bar.desc, shown._bar._bar.postfix, shown._bar._bar.n]
    assert texts[0] == "epoch 2, step 5/10"
    assert texts[1].startswith("validation ")
    assert texts[2] == 150
    assert capsys.readouterr().err


def test_a_run_without_validation_samples_shows_how_it_learns(terminal, bar):
    terminal.resize(140)
    run = WatchedRun()
    run.go_on_before(Callback(), stop_at=(1, 0))
    with bar() as shown:
        shown.after_epoch(run.state, replace(run.recorded[0], validation_cost=None))
        shown.on_begin(run.state)
        assert ", training " in terminal.frames()[-1]


def test_on_a_terminal_there_is_a_bar_and_elsewhere_lines_and_never_both(terminal, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "stderr", terminal.file)
    with progress(CONFIG, DATA.training) as shown:
        assert isinstance(shown, ProgressBar)
    with (tmp_path / "file").open("w") as file:
        monkeypatch.setattr(sys, "stderr", file)
        with progress(CONFIG, DATA.training) as shown:
            assert isinstance(shown, StatusLines)
