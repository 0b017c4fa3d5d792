"""`gradmq runs`, `show` and `report`, of a run that was trained here."""

import io
import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest

from coordinator.runs.event_log import EventLog
from coordinator.runs.recorder import Recorder
from coordinator.runs.run import RunFolder
from shared.config import TrainConfig
from shared.data.dataset import load_dataset
from shared.strategies import SyncSGD
from shared.training.callbacks import Callbacks
from shared.training.in_process import InProcessGradients
from shared.training.loop import train

JOB = TrainConfig(sizes=(196, 12, 10), epochs=3, mini_batch_size=50, learning_rate=3.0, strategy=SyncSGD())
SECTIONS = ["learning", "mistakes", "weights", "work", "origin"]


@pytest.fixture(scope="module")
def trained(small_data, tmp_path_factory) -> Path:
    """The folder of a finished run."""
    data = load_dataset(small_data)
    run = RunFolder.create(tmp_path_factory.mktemp("trained"), JOB, small_data, data)
    source, state = InProcessGradients(JOB, data), run.initial_state()
    with Recorder(run) as recorder, EventLog(run.events_file) as events:
        train(JOB, data, source, state, Callbacks([recorder, events]))
    return run.folder


@pytest.fixture
def run(trained, tmp_path) -> RunFolder:
    """A copy of it, in the folder that is the current one."""
    return RunFolder.open(shutil.copytree(trained, tmp_path / "runs" / trained.name), Path())


@pytest.fixture
def gradmq(main_here, capsys, tmp_path, monkeypatch):
    """Run `gradmq` there; return the exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str]:
        code = main_here(*map(str, arguments))
        output = capsys.readouterr()
        return code, output.out + output.err

    return call


class Page(HTMLParser):
    """A page whose elements are all closed, in their order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sections: list[str] = []
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)
        named = dict(attrs)
        if tag == "section":
            self.sections.append(named["id"])
        self.addresses += [named[name] for name in ("src", "href", "srcset", "data") if name in named]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def page_of(file: Path) -> Page:
    text = file.read_text()
    ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))  # stricter than HTML has to be
    return Page(text)


def test_there_may_be_no_runs(gradmq):
    assert gradmq("runs") == (0, "there is no run in runs; begin one with: gradmq train\n")
    assert gradmq("runs", "--json") == (0, "[]\n")


def test_the_folder_of_the_runs_may_be_named_before_a_command_or_after_it(gradmq, run, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    run.folder.parent.rename(elsewhere)
    last = gradmq("runs", "compare", run.id, run.id, "--runs", elsewhere)
    assert last[0] == 0, last
    assert last == gradmq("runs", "--runs", elsewhere, "compare", run.id, run.id)
    assert last == gradmq("runs", "--runs", "nowhere", "compare", run.id, run.id, "--runs", elsewhere)
    code, text = gradmq("runs", "rm", run.id)
    assert (code, f"there is no run {run.id}" in text) == (2, True)
    code, text = gradmq("runs", "rm", "--yes", "--runs", elsewhere, run.id)
    assert (code, text) == (0, f"removed {elsewhere / run.id}\n")


def test_a_run_without_a_model_is_shown_up_to_that(gradmq, run):
    code, whole = gradmq("show", run.id)
    assert code == 0
    run.model.unlink()
    code, text = gradmq("show", run.id)
    *lines, last = text.splitlines()
    assert code == 2
    assert whole.startswith("\n".join(lines))
    assert "computed on: " in lines[-2]
    assert last.startswith(f"gradmq: run {run.id} has no model.npz: 3 of 3 epochs are recorded")


def test_the_list_has_a_line_for_each_run(gradmq, run, small_data):
    code, text = gradmq("runs")
    heads, line = text.splitlines()
    assert (code, heads.split()) == (0, "id data network epochs best test seconds workers state".split())  # noqa: SIM905
    assert line.split()[0] == run.id
    assert line.split()[-1] == "finished"
    (found,) = json.loads(gradmq("runs", "--json")[1])
    assert (found["id"], found["epochs"], found["data"]) == (run.id, 3, str(small_data))
    assert gradmq("runs", "--runs", run.folder.parent)[1] == text


def test_runs_are_compared(gradmq, run):
    assert gradmq("runs", "compare", run.id, run.folder)[1].startswith(f"{run.id} and {run.id} have the same config")
    other = run.folder.parent / "other"
    shutil.copytree(run.folder, other)
    config = json.loads((other / "config.json").read_text())
    config["learning_rate"], config["optimizer"] = 0.5, {"kind": "momentum", "momentum": 0.9, "nesterov": True}
    config["optimizer"] = {"kind": "nesterov", "momentum": 0.9}
    (other / "config.json").write_text(json.dumps(config))
    code, text = gradmq("runs", "compare", run.id, "other")
    assert code == 0, text
    rows = [line.split() for line in text.splitlines()]
    assert ["learning_rate", "3.0", "0.5"] in rows
    assert ["optimizer", "sgd", "nesterov"] in rows
    assert ["optimizer.momentum", "none", "0.9"] in rows
    assert [row[-1] for row in rows if row and row[0] in ("0", "1", "2", "best")] == ["same"] * 4
    assert "*" not in text.partition("best: epoch")[0]  # for none is better
    found = json.loads(gradmq("runs", "compare", run.id, "other", "--json")[1])
    assert found["differences"]["learning_rate"] == [3.0, 0.5]
    metrics = other / "metrics.jsonl"
    lines = re.sub('"weights_sha256": "[0-9a-f]{8}', '"weights_sha256": "01234567', metrics.read_text())
    metrics.write_text(re.sub('"validation_cost": [^,]*', '"validation_cost": 0.0123', lines))
    code, text = gradmq("runs", "compare", run.id, "other")
    assert code == 1
    rows = [line.split() for line in text.splitlines()]
    assert ["*0.0123" in row for row in rows if row and row[0] in ("0", "1", "2", "best")] == [True] * 4
    assert text.endswith(" of the second; *: better than the other\n")
    assert json.loads(gradmq("runs", "compare", run.id, "other", "--json")[1])["best"]["epochs"][0] == {
        **{"validation_accuracy": None, "validation_cost": 1, "accuracy": None, "cost": None}
    }


def test_runs_are_removed_when_somebody_says_yes(gradmq, run, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))  # nobody is there to answer
    code, text = gradmq("runs", "rm", run.id)
    assert code == 2
    assert text.endswith("gradmq: nothing was removed; give --yes to do it without a question\n")
    assert run.folder.exists()
    assert gradmq("runs", "rm", "--yes", run.id) == (0, f"removed {run.folder}\n")
    assert not run.folder.exists()
    code, text = gradmq("runs", "rm", "--yes", run.id)
    assert (code, text.count("\n")) == (2, 1)


def test_show_begins_with_the_epochs_and_has_the_weights_if_they_are_wanted(gradmq, run, small_data):
    code, text = gradmq("show", run.id)
    assert code == 0, text
    table = [line.split() for line in text.splitlines()[3:7]]
    assert [row[0] for row in table] == ["epoch", "0", "1", "2"]
    assert "W_1" not in text
    code, text = gradmq("show", run.folder, "--weights")
    assert "W_1 :\n" in text and "b_2 :\n" in text
    code, text = gradmq("evaluate", run.id, "--data", small_data)
    assert re.fullmatch(r"accuracy is \d+/200 \(best.npz\)\n", text)


def test_a_report_has_its_sections_and_needs_nothing_else(gradmq, run):
    code, text = gradmq("report", run.id)
    assert (code, text.count("\n")) == (0, 1), text
    page = page_of(run.folder / "report.html")
    assert page.sections == SECTIONS
    assert "script" not in page.tags
    assert [each for each in page.addresses if not each.startswith(("#", "data:image/png;base64,"))] == []
    assert "url(" not in page.text and "@import" not in page.text
    for figure in (run.metrics[-1].weights_sha256, run.id, run.places[0].environment.processor):
        assert figure in page.text
    code, text = gradmq("report", run.id, "-o", "page.html", "--pictures", "pictures")
    assert code == 0, text
    names = ["accuracy.svg", "confusion.svg", "cost.svg", "mistakes.png", "timeline.svg", "weights.png"]
    assert sorted(path.name for path in Path("pictures").iterdir()) == names
    for name in names:
        content = Path("pictures", name).read_bytes()
        if name.endswith("svg"):
            assert ElementTree.fromstring(content).tag == "{http://www.w3.org/2000/svg}svg"
        else:
            assert content.startswith(b"\x89PNG")


def test_what_files_say_is_shown_and_not_believed(gradmq, run):
    hostile = "</style></svg><script>alert(1)</script>\x00\ud800"
    with run.events_file.open("a") as file:
        for event in ("joins", "silent", "retries", "trouble", "<script>"):
            file.write(json.dumps({"time": 1e9, "event": event, "worker": hostile, "text": hostile}) + "\n")
    config = json.loads((run.folder / "config.json").read_text())
    config["data"]["path"] = hostile[:-1]  # pytest cannot carry what is no text from one process to another
    config["computed_on"][0]["processor"] = hostile
    (run.folder / "config.json").write_text(json.dumps(config))
    code, text = gradmq("report", run.id)
    assert code == 0, text
    page = page_of(run.folder / "report.html")
    assert "script" not in page.tags
    assert page.sections == SECTIONS
    assert "<script>alert(1)</script>" in page.text


def test_a_report_without_samples_says_so(gradmq, run, tmp_path, caplog):
    config = json.loads((run.folder / "config.json").read_text())
    config["data"]["path"] = str(tmp_path / "gone")
    (run.folder / "config.json").write_text(json.dumps(config))
    code, text = gradmq("report", run.id)
    assert code == 0, text
    assert "the report has no samples: " in caplog.text
    page = page_of(run.folder / "report.html")
    assert page.sections == SECTIONS
    assert "With --data the report has its mistakes." in page.text


def test_samples_of_another_run_are_refused(gradmq, run):
    code, text = gradmq("report", run.id, "--data", Path(__file__).parents[3] / "data" / "mnist")
    assert (code, text.count("\n")) == (2, 1)
    assert "was trained on other samples" in text
    assert not (run.folder / "report.html").exists()


def test_a_run_that_has_not_begun_has_a_report(gradmq, run):
    for path in [*run.folder.glob("*.npz"), run.metrics_file, run.events_file]:
        path.unlink()
    code, text = gradmq("report", run.id)
    assert code == 0, text
    assert page_of(run.folder / "report.html").sections == ["origin"]


def test_a_run_without_events_has_its_time_line_from_its_epochs(gradmq, run):
    run.events_file.unlink()
    assert gradmq("report", run.id)[0] == 0
    assert "this process" in (run.folder / "report.html").read_text()
    assert page_of(run.folder / "report.html").sections == SECTIONS


def test_nothing_in_a_runs_files_moves_the_cursor_or_fills_the_screen(gradmq, run, caplog):
    evil = "\x1b[2J\x9b1m\u202e" + 100_000 * "a"
    config = json.loads((run.folder / "config.json").read_text())
    config["data"]["path"] = evil
    config["computed_on"][0]["processor"] = evil[:100]
    (run.folder / "config.json").write_text(json.dumps(config))
    lines = [json.loads(line) for line in run.metrics_file.read_text().splitlines()]
    for line in lines:
        line["ledger"]["workers"] = {evil: next(iter(line["ledger"]["workers"].values()))}
    run.metrics_file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for command in ("runs", "show", "evaluate", "verify", "report"):
        code, text = gradmq(*([command] if command == "runs" else [command, run.id]))
        assert code in (0, 2), text
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text), command
        assert len(text) < 10_000, command
