"""What a run tells of itself, and whom it tells, as its options say."""

import csv
import json
from importlib import util
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import gradmq
from coordinator.cli.train import resume_command, train_command
from coordinator.reporting.watching import Watching
from tests.support import command_line
from tests.support.program import job


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("GRADMQ_METRICS_PORT", "GRADMQ_METRICS_HOST"):
        monkeypatch.delenv(name, raising=False)


def arguments(small_data, epochs: int = 2, *more: str) -> list[str]:
    return [*map(str, job(small_data, epochs, workers=0)), *more]


@pytest.mark.parametrize("command", [train_command, resume_command])
@pytest.mark.parametrize(
    ("line", "watching"),
    [
        ("", Watching()),
        ("--csv epochs.csv --tensorboard logs", Watching(csv=Path("epochs.csv"), tensorboard="logs")),
        ("--tensorboard --workers 1", Watching(tensorboard="")),
        ("--mlflow http://here:5000", Watching(mlflow="http://here:5000")),
        ("--metrics-port 9464 --metrics-host ::1", Watching(metrics_port=9464, metrics_host="::1")),
    ],
)
def test_they_are_options_of_train_and_resume(command, line, watching):
    words = line.split() if command is train_command else ["run", *line.split()]
    assert command_line.parsed(words, command)[0].watching == watching


def test_the_port_can_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("GRADMQ_METRICS_PORT", "9464")
    monkeypatch.setenv("GRADMQ_METRICS_HOST", "0.0.0.0")
    assert command_line.parsed([])[0].watching == Watching(metrics_port=9464, metrics_host="0.0.0.0")


def test_quiet_tells_the_result_alone(main_here, small_data, capsys):
    assert main_here(*arguments(small_data, 2, "--quiet")) == 0
    out, err = capsys.readouterr()
    best, model = out.splitlines()
    assert best.startswith("best epoch ")
    assert model.startswith("model: runs/")
    assert err == ""


def test_a_run_goes_on_in_the_same_files(main_here, small_data):
    where = ("--csv", "epochs.csv", "--tensorboard", "logs")
    assert main_here(*arguments(small_data, 2, *where)) == 0
    (run,) = Path("runs").iterdir()
    assert main_here("resume", str(run), "--workers", "0", "--epochs", "4", *where) == 0
    recorded = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    with Path("epochs.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [(row["run"], row["epoch"]) for row in rows] == [(run.name, str(epoch)) for epoch in range(4)]
    assert [float(row["cost"]) for row in rows] == [epoch["cost"] for epoch in recorded]
    events = EventAccumulator(f"logs/{run.name}")
    events.Reload()
    assert [each.step for each in events.Scalars("cost/test")] == [0, 1, 2, 3]


def test_event_files_are_in_the_runs_folder_if_no_other_is_given(main_here, small_data):
    assert main_here(*arguments(small_data, 1, "--tensorboard")) == 0
    assert len([*Path("runs").glob("*/tensorboard/events.out.tfevents.*")]) == 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            ["--mlflow", "mlruns"],
            "gradmq: --mlflow must be the address of a server, got mlruns; run `mlflow server` and",
        ),
        (["--csv", "."], "gradmq: . is no file; give one that is not there yet"),
        (["--metrics-port", "0"], "gradmq: Invalid value for '--metrics-port': 0"),
        (
            ["--metrics-port", "1", "--metrics-host", "nowhere.invalid"],
            "gradmq: --metrics-port 1 of --metrics-host nowhere",
        ),
        (["--quiet", "-v"], "gradmq: --quiet and --verbose do not go together; give one of them"),
    ],
)
def test_what_cannot_work_is_refused_before_the_run(main_here, small_data, capsys, options, complaint):
    assert main_here(*arguments(small_data, 1, *options)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(complaint)
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("missing", "options", "extra"),
    [
        ("tensorboardX", ["--tensorboard"], "tensorboard"),
        ("prometheus_client", ["--metrics-port", "9464"], "prometheus"),
    ],
)
def test_what_is_not_installed_is_named(main_here, small_data, capsys, monkeypatch, missing, options, extra):
    for module in ("coordinator.reporting.watching", "shared.metrics_endpoint"):
        monkeypatch.setattr(f"{module}.find_spec", lambda name: None if name == missing else util.find_spec(name))
    assert main_here(*arguments(small_data, 1, *options)) == 2
    assert capsys.readouterr().err.endswith(f", which is not installed: pip install 'gradmq[{extra}]'\n")


def test_python_has_the_same(small_data):
    run = gradmq.train(small_data, hidden=[12], epochs=1, workers=0, watching=gradmq.Watching(csv="epochs.csv"))
    run.resume(epochs=2, workers=0, watching=gradmq.Watching(csv="epochs.csv", tensorboard=""))
    with Path("epochs.csv").open(newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["0", "1"]
    assert len([*Path("runs").glob("*/tensorboard/events.out.tfevents.*")]) == 1
