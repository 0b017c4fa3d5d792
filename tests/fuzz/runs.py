"""What is read of runs and sweeps: models, checkpoints, and the files of their folders."""

import io
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from coordinator.cli import overview
from coordinator.cli.main import cli
from coordinator.cli.settings_files import read_settings
from coordinator.page.document import page
from coordinator.page.subject import Subject
from coordinator.reporting import lines
from coordinator.runs.checkpoint import load_checkpoint, save_checkpoint
from coordinator.runs.events import Event
from coordinator.runs.metrics_file import append_metrics
from coordinator.runs.model_file import load_model, save_model
from coordinator.runs.run import RunFolder
from coordinator.runs.summary import summary
from coordinator.sweeps.definition import Definition
from coordinator.sweeps.folder import SweepFolder
from coordinator.sweeps.methods import Tried
from coordinator.sweeps.trials import Trial
from shared import model as models_of
from shared.accounting import EpochCounts, WorkerCounts, table
from shared.archive import read_arrays
from shared.config import TrainConfig
from shared.data.columns import Categorical, Numeric
from shared.data.encoding import Encoding
from shared.data.encoding import Target as Wanted
from shared.errors import ConfigError, DataError, DivergedError, ModelError, RunError, SettingsError
from shared.model import SavedModel
from shared.nn.arithmetic import quiet
from shared.nn.prediction import answers_to
from shared.optim.optimizers import Adam
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState
from tests.fuzz.places import scratch, written
from tests.fuzz.target import Target
from tests.support.learning import CONFIG, DATA, drawn
from tests.support.states import has_taken

_STEPS = 10  # of an epoch
_CONFIGS = (
    replace(CONFIG, sizes=(3, 2, 2), epochs=3),
    replace(CONFIG, sizes=(3, 2, 2), epochs=3, optimizer=Adam(), monitor="none"),
)


def _read(path: Path) -> bytes:
    content = path.read_bytes()
    path.unlink()
    return content


@cache
def models() -> list[bytes]:
    path = scratch() / "example.npz"
    found = []
    for encoding in (Encoding(), _encoding()):
        save_model(path, SavedModel(drawn((3, 2, 2)), encoding=encoding))
        found.append(_read(path))
    return found


def _encoding() -> Encoding:
    columns = (Numeric("length", 1.5, 2.0, 1.0), Categorical("colour", ("blue", "red"), "red"))
    return Encoding(columns, ("setosa", "virginica"), target=("species",))


@cache
def _digests() -> frozenset[str]:
    return frozenset(models_of.unpack(read_arrays(io.BytesIO(each))).digest for each in models())


def _take_model(content: bytes) -> None:
    assert load_model(written("model.npz", content)).digest in _digests(), "another model"


def _take_described_model(content: bytes) -> None:
    """A model whose checksum is right, and whose description somebody has made: `network\\nencoding`."""
    network, _, encoding = content.partition(b"\n")
    parameters = drawn((3, 2, 2), dtype="float64" if b"exact" in network else "float32")
    arrays = models_of.to_arrays(parameters)
    arrays["network"], arrays["encoding"] = np.frombuffer(network, np.uint8), np.frombuffer(encoding, np.uint8)
    arrays["sha256"] = np.frombuffer(models_of._digest(parameters, network + encoding), np.uint8)
    path = scratch() / "described.npz"
    with path.open("wb") as file:
        np.savez(file, **arrays)
    model = load_model(path)
    inputs = np.zeros((2, 3), np.float32)
    if not model.encoding.columns:
        model.inputs(inputs)
    mlp = model.mlp()
    with quiet():
        for answers in answers_to(mlp, mlp.rounded(model.parameters), inputs):
            assert len(model.named(answers)) == 2
    assert len(model.answer_names) == 2


def _descriptions() -> list[bytes]:
    network = {"activation": "sigmoid", "output": "softmax", "loss": "cross-entropy", "standardize": [0.5, 0.25]}
    targets = Encoding(targets=(Wanted("price", 5.0, 2.0), Wanted("age")), target=("price", "age"))
    return [
        json.dumps({**network, "arithmetic": arithmetic}).encode() + b"\n" + json.dumps(encoding.to_json()).encode()
        for arithmetic, encoding in (
            ("native", _encoding()),
            ("exact", targets),
            ("exact", Encoding(image_size=(1, 3))),
        )
    ]


def _state(config: TrainConfig) -> TrainingState:
    state = has_taken(TrainingState.initial(config), 3, config)
    state.epoch = 2
    if config.monitored is not None:
        state.history, state.best = [-0.5, -0.25], state.parameters.copy()
    return state


@cache
def _checkpoints() -> list[bytes]:
    path = scratch() / "example.npz"
    found = []
    for config in _CONFIGS:
        save_checkpoint(path, _state(config), config)
        found.append(_read(path))
    return found


def _load_checkpoint(content: bytes) -> list[TrainingState]:
    path = written("checkpoint.npz", content)
    found = []
    for config in _CONFIGS:
        try:
            state = load_checkpoint(path, config, _STEPS)
        except RunError:
            continue  # it is of other settings
        if state is not None:
            found.append(state)
    return found


def _take_checkpoint(content: bytes) -> None:
    for state in _load_checkpoint(content):
        right = _state(_CONFIGS[0])
        assert state.parameters.sha256 == right.parameters.sha256, "other weights"
        assert (state.epoch, state.step_index, state.samples) == (2, 3, right.samples), "another place"


def _take_progress(content: bytes) -> None:
    """A checkpoint whose checksum is right, and whose progress somebody has made."""
    from coordinator.runs import checkpoint

    right = _state(_CONFIGS[0])
    arrays = models_of.to_arrays(right.parameters)
    arrays |= {f"optimizer_{name}": vector for name, vector in right.optimizer_state.items()}
    if right.best is not None:
        arrays["best"] = right.best.flat
    digest = checkpoint._digest(content, right.parameters, right.optimizer_state, right.best)
    arrays["progress"], arrays["sha256"] = np.frombuffer(content, np.uint8), np.frombuffer(digest, np.uint8)
    path = scratch() / "progress.npz"
    with path.open("wb") as file:
        np.savez(file, **arrays)
    for state in _load_checkpoint(path.read_bytes()):
        assert 0 <= state.epoch <= 3
        assert 0 <= state.samples <= _STEPS * _CONFIGS[0].samples_per_step
        table([state.counts])
        state.copy().counts.add(state.counts)


def _progresses() -> list[bytes]:
    return [read_arrays(io.BytesIO(each))["progress"].tobytes() for each in _checkpoints()]


@cache
def _run() -> RunFolder:
    config = replace(CONFIG, epochs=3)
    run = RunFolder.create(scratch() / "runs", config, Path("data"), DATA, name="run")
    for epoch in range(2):
        append_metrics(run.metrics_file, _metrics(epoch))
    run.events_file.write_bytes(_events()[0])
    return run


def _metrics(epoch: int) -> EpochMetrics:
    counts = EpochCounts(10, 1, {"worker@host:1": WorkerCounts(6, samples=36), "two": WorkerCounts(4, 1, samples=24)})
    right: dict[str, Any] = {"validation_correct": 8, "n_validation": 10, "validation_accuracy": 0.8}
    costs: dict[str, Any] = {"cost": 0.5, "validation_cost": 0.25, "training_cost": 0.125, "learning_rate": 3.0}
    figures = EpochMetrics(epoch, 9, 10, 0.9, 10, 60, 1.5, 2, f"{epoch}" * 64, counts.to_json())
    return replace(figures, training_correct=50, training_accuracy=0.8, **right, **costs)


def _events() -> list[bytes]:
    events = [
        Event(1e9, "begins", epoch=0, step=0),
        Event(1e9 + 1, "joins", "worker@host:1", "worker@host:1 joins"),
        Event(1e9 + 2, "tally", epoch=0, step=5, samples={"worker@host:1": 30}),
        Event(1e9 + 3, "pauses", "worker@host:1", seconds=2.5),
        Event(1e9 + 4, "retries", count=3, text="3 requests again"),
        Event(1e9 + 5, "epoch", epoch=0, samples={"worker@host:1": 30, "two": 5}),
        Event(1e9 + 6, "stops", text="stopped"),
    ]
    return ["".join(json.dumps(event.to_json()) + "\n" for event in events).encode()]


def _look_at_run(name: str) -> Callable[[bytes], None]:
    """Read one file of a run's folder, and all that is made of it."""

    def take(content: bytes) -> None:
        folder = _run().folder
        path = folder / name
        right = path.read_bytes()
        path.write_bytes(content)
        try:
            run = RunFolder.open(str(folder), folder.parent)
            asdict(summary(run))
            overview.runs_table([summary(run)])
            if run.metrics:
                lines.table(run.config, run.metrics)
                lines.choice(run.config, run.metrics)
            table(run.ledger)
            for place in run.places:
                _ = str(place)
            assert "\x1b" not in page(Subject(run, None, None)), "a page with control characters"
        finally:
            path.write_bytes(right)

    return take


def _of_run(name: str) -> Callable[[], list[bytes]]:
    return lambda: [(_run().folder / name).read_bytes()]


def _take_settings(ending: str) -> Callable[[bytes], None]:
    def take(content: bytes) -> None:
        command = cli.get_command(None, "train")  # type: ignore[arg-type]
        assert command is not None
        read_settings(written(f"settings{ending}", content), command)

    return take


_TOML = b"""description = "x"
data = "data/mnist"
hidden = [30, 20]
learning-rate = 0.5
epochs = 3
optimizer = "nesterov"
momentum = 0.9
[augment]
elastic = 3.5
"""
_SWEEP = b"""epochs = 3
[search]
learning-rate = {low = 0.01, high = 1.0, log = true, count = 3}
mini-batch-size = {low = 10, high = 100, int = true, count = 4}
hidden = [[30], [30, 20]]
[sweep]
method = "random"
trials = 5
seed = 3
pruning = "median"
startup = 2
"""


def _take_sweep(content: bytes) -> None:
    definition = Definition.parse(content, "sweep.toml")
    try:
        if definition.n_trials <= 100:
            for dimension in definition.space.values():
                _ = dimension.at(0.5), len(dimension.points)
    except ConfigError:
        pass
    Definition.parse(_SWEEP, "x").with_search(definition.search)


@cache
def _sweep() -> Path:
    folder = scratch() / "runs" / "sweep"
    folder.mkdir(parents=True)
    (folder / "sweep.toml").write_bytes(_SWEEP)
    sweep = SweepFolder(folder, Definition.parse(_SWEEP, "x"))
    sweep.monitor = "validation-accuracy"
    for number, state in enumerate(("finished", "pruned", "failed")):
        score = None if state == "failed" else 0.5
        sweep.add(Trial(number, {"learning-rate": 0.5}, state, score, [0.5], [3], [1], 2.5, [0.5], [f"trial-{number}"]))
    sweep.write_summary({})
    return folder


def _look_at_sweep(name: str) -> Callable[[bytes], None]:
    def take(content: bytes) -> None:
        path = _sweep() / name
        right = path.read_bytes()
        path.write_bytes(content)
        try:
            sweep = SweepFolder.open(str(path.parent), Path())
            sweep.ranked()
            sweep.best_trial()
            _: list[Tried] = [trial.tried(sweep.sign) for trial in sweep.trials.values()]
        finally:
            path.write_bytes(right)

    return take


_BY_HAND = (
    b"low",
    b"high",
    b"log",
    b"int",
    b"count",
    b"[search]",
    b"[sweep]",
    b" = ",
    b"{",
    b"inf",
    b"0x",
    b"1979-05-27",
)

TARGETS = (
    Target("model", _take_model, models, (ModelError,)),
    Target("model-described", _take_described_model, _descriptions, (ModelError, DataError, DivergedError)),
    Target("checkpoint", _take_checkpoint, _checkpoints),
    Target("checkpoint-progress", _take_progress, _progresses),
    Target("run-config", _look_at_run("config.json"), _of_run("config.json"), (RunError,)),
    Target("run-metrics", _look_at_run("metrics.jsonl"), _of_run("metrics.jsonl"), (RunError,)),
    Target("run-events", _look_at_run("events.jsonl"), _events, (RunError,)),
    Target(
        "settings-toml", _take_settings(".toml"), lambda: [_TOML], (SettingsError,), (b"[", b"]", b"=", b'"""', b"kind")
    ),
    Target("settings-json", _take_settings(".json"), _of_run("config.json"), (SettingsError,)),
    Target("sweep-toml", _take_sweep, lambda: [_SWEEP], (ConfigError, DataError), _BY_HAND),
    Target("sweep-json", _look_at_sweep("sweep.json"), lambda: [(_sweep() / "sweep.json").read_bytes()], (RunError,)),
    Target(
        "sweep-trials", _look_at_sweep("trials.jsonl"), lambda: [(_sweep() / "trials.jsonl").read_bytes()], (RunError,)
    ),
)
